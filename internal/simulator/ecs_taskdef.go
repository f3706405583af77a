package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsTaskDef is one revision of a family.
type ecsTaskDef struct {
	Def  types.TaskDefinition
	Tags map[string]string
}

// definitionSize is the most that a registration may have, in bytes:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
const definitionSize = 65536

func (s *ecsService) handleDefinitions() {
	handle(s.c, s.registerDefinition)
	handle(s.c, s.describeDefinition)
	handle(s.c, s.deregisterDefinition)
	handle(s.c, s.deleteDefinitions)
	handle(s.c, s.listDefinitions)
	handle(s.c, s.listFamilies)
}

func (s *ecsService) registerDefinition(_ context.Context, in *ecs.RegisterTaskDefinitionInput) (*ecs.RegisterTaskDefinitionOutput, error) {
	if raw, err := json.Marshal(in); err == nil && len(raw) > definitionSize*2 { // the SDK's field names are not AWS's: a coarse bound
		return nil, ecsClient("Actual length: '%d'. Max allowed length is '%d' bytes.", len(raw), definitionSize)
	}
	d := definitionOf(in)
	if err := definitionFault(&d); err != nil {
		return nil, err
	}
	tags, err := ecsTags(in.Tags, nil)
	if err != nil {
		return nil, err
	}
	last, _ := s.families.get(*d.Family)
	d.Revision = last + 1
	d.TaskDefinitionArn = aws.String(s.arn("task-definition", fmt.Sprintf("%s:%d", *d.Family, d.Revision)))
	d.Status, d.RegisteredAt, d.RegisteredBy = types.TaskDefinitionStatusActive, aws.Time(s.c.now()), aws.String(s.c.arn("iam", "", "root"))
	s.families.put(*d.Family, d.Revision)
	s.definitions.put(definitionKey(d), ecsTaskDef{Def: d, Tags: tags})
	return &ecs.RegisterTaskDefinitionOutput{TaskDefinition: &d, Tags: sortedTags(tags, ecsTag)}, nil
}

func definitionKey(d types.TaskDefinition) string { return fmt.Sprintf("%s:%d", *d.Family, d.Revision) }

// definitionOf is what a registration describes, with AWS's defaults.
func definitionOf(in *ecs.RegisterTaskDefinitionInput) types.TaskDefinition {
	d := types.TaskDefinition{
		Family: in.Family, ContainerDefinitions: slices.Clone(in.ContainerDefinitions), Cpu: in.Cpu, Memory: in.Memory, EnableFaultInjection: in.EnableFaultInjection,
		EphemeralStorage: in.EphemeralStorage, ExecutionRoleArn: in.ExecutionRoleArn, TaskRoleArn: in.TaskRoleArn,
		IpcMode: in.IpcMode, PidMode: in.PidMode, NetworkMode: in.NetworkMode, ProxyConfiguration: in.ProxyConfiguration,
		PlacementConstraints: nonNil(in.PlacementConstraints), RequiresCompatibilities: in.RequiresCompatibilities,
		RuntimePlatform: in.RuntimePlatform, Volumes: nonNil(in.Volumes),
	}
	awsvpc := d.NetworkMode == types.NetworkModeAwsvpc
	for i := range d.ContainerDefinitions {
		d.ContainerDefinitions[i] = containerDefaults(d.ContainerDefinitions[i], awsvpc)
	}
	return d
}

// nonNil is the empty list that AWS returns where nothing was given.
func nonNil[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}

// containerDefaults fills in what AWS returns for what was left out:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
func containerDefaults(c types.ContainerDefinition, awsvpc bool) types.ContainerDefinition {
	c.Essential = orPtr(c.Essential, aws.Bool(true))
	c.Environment, c.MountPoints, c.VolumesFrom = nonNil(c.Environment), nonNil(c.MountPoints), nonNil(c.VolumesFrom)
	c.SystemControls = nonNil(c.SystemControls)
	ports := make([]types.PortMapping, len(c.PortMappings))
	for i, p := range c.PortMappings {
		if p.Protocol == "" {
			p.Protocol = types.TransportProtocolTcp
		}
		if p.HostPort == nil && p.ContainerPort != nil {
			p.HostPort = aws.Int32(0)
			if awsvpc {
				p.HostPort = p.ContainerPort
			}
		}
		ports[i] = p
	}
	c.PortMappings = ports
	if h := c.HealthCheck; h != nil {
		c.HealthCheck = &types.HealthCheck{Command: h.Command, StartPeriod: h.StartPeriod,
			Interval: orPtr(h.Interval, aws.Int32(30)), Timeout: orPtr(h.Timeout, aws.Int32(5)), Retries: orPtr(h.Retries, aws.Int32(3))}
	}
	return c
}

// definition finds a revision by family (the latest active one), family:revision
// or ARN.
func (s *ecsService) definition(ref string) (ecsTaskDef, bool) {
	key := tailOf("task-definition", ref)
	if strings.HasPrefix(ref, "arn:") && ref != s.arn("task-definition", key) {
		return ecsTaskDef{}, false
	}
	if !strings.Contains(key, ":") {
		last, _ := s.families.get(key)
		for r := last; r > 0; r-- {
			if d, ok := s.definitions.get(fmt.Sprintf("%s:%d", key, r)); ok && d.Def.Status == types.TaskDefinitionStatusActive {
				return d, true
			}
		}
		return ecsTaskDef{}, false
	}
	return s.definitions.get(key)
}

func (s *ecsService) describeDefinition(_ context.Context, in *ecs.DescribeTaskDefinitionInput) (*ecs.DescribeTaskDefinitionOutput, error) {
	d, ok := s.definition(aws.ToString(in.TaskDefinition))
	if !ok {
		return nil, ecsClient("Unable to describe task definition.")
	}
	out := &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &d.Def}
	if slices.Contains(in.Include, types.TaskDefinitionFieldTags) {
		out.Tags = sortedTags(d.Tags, ecsTag)
	}
	return out, nil
}

func (s *ecsService) deregisterDefinition(_ context.Context, in *ecs.DeregisterTaskDefinitionInput) (*ecs.DeregisterTaskDefinitionOutput, error) {
	ref := aws.ToString(in.TaskDefinition)
	if !strings.Contains(tailOf("task-definition", ref), ":") {
		return nil, ecsClient("Task definition must be given with its revision: family:revision or an ARN.")
	}
	d, ok := s.definition(ref)
	if !ok {
		return nil, ecsClient("The specified task definition does not exist. Specify a valid account, family, revision and try again.")
	}
	if d.Def.Status == types.TaskDefinitionStatusActive {
		d.Def.Status, d.Def.DeregisteredAt = types.TaskDefinitionStatusInactive, aws.Time(s.c.now())
		s.definitions.put(definitionKey(d.Def), d)
	}
	return &ecs.DeregisterTaskDefinitionOutput{TaskDefinition: &d.Def}, nil
}

// deleteDefinitions deletes deregistered revisions; one that tasks or services
// still use stays in DELETE_IN_PROGRESS until they are gone.
func (s *ecsService) deleteDefinitions(_ context.Context, in *ecs.DeleteTaskDefinitionsInput) (*ecs.DeleteTaskDefinitionsOutput, error) {
	if len(in.TaskDefinitions) < 1 || len(in.TaskDefinitions) > 10 {
		return nil, ecsInvalid("Task definitions must have between 1 and 10 items.")
	}
	out := &ecs.DeleteTaskDefinitionsOutput{TaskDefinitions: []types.TaskDefinition{}, Failures: []types.Failure{}}
	for _, ref := range in.TaskDefinitions {
		d, ok := s.definition(ref)
		switch {
		case !ok || !strings.Contains(tailOf("task-definition", ref), ":"):
			out.Failures = append(out.Failures, missing(ref))
			continue
		case d.Def.Status == types.TaskDefinitionStatusActive:
			out.Failures = append(out.Failures, types.Failure{Arn: d.Def.TaskDefinitionArn, Reason: aws.String("TASK_DEFINITION_ACTIVE"),
				Detail: aws.String("The specified task definition is still in ACTIVE status. Please deregister the target and try again.")})
			continue
		}
		d.Def.Status, d.Def.DeleteRequestedAt = types.TaskDefinitionStatusDeleteInProgress, aws.Time(s.c.now())
		out.TaskDefinitions = append(out.TaskDefinitions, d.Def)
		if s.definitionUsed(*d.Def.TaskDefinitionArn) {
			s.definitions.put(definitionKey(d.Def), d)
		} else {
			s.definitions.delete(definitionKey(d.Def))
		}
	}
	return out, nil
}

// definitionUsed reports whether a live task or a service refers to a revision.
func (s *ecsService) definitionUsed(arn string) bool {
	for _, t := range s.tasks.all() {
		if *t.Task.TaskDefinitionArn == arn && t.last() != "STOPPED" {
			return true
		}
	}
	for _, u := range s.services.all() {
		if u.status() != "INACTIVE" && slices.ContainsFunc(u.Rollouts, func(r ecsRollout) bool { return r.Plan.Definition == arn }) {
			return true
		}
	}
	return false
}

// sweepDefinitions ends the deletion of revisions that nothing uses any more.
func (s *ecsService) sweepDefinitions() {
	for k, d := range s.definitions.all() {
		if d.Def.Status == types.TaskDefinitionStatusDeleteInProgress && !s.definitionUsed(*d.Def.TaskDefinitionArn) {
			s.definitions.delete(k)
		}
	}
}

func (s *ecsService) listDefinitions(_ context.Context, in *ecs.ListTaskDefinitionsInput) (*ecs.ListTaskDefinitionsOutput, error) {
	status := in.Status
	if status == "" {
		status = types.TaskDefinitionStatusActive
	}
	if !slices.Contains(status.Values(), status) {
		return nil, ecsInvalid("Invalid status: %s", in.Status)
	}
	s.sweepDefinitions()
	type entry struct{ key, arn string }
	var all []entry
	for _, d := range s.definitions.all() {
		if d.Def.Status == status && (in.FamilyPrefix == nil || *d.Def.Family == *in.FamilyPrefix) {
			all = append(all, entry{fmt.Sprintf("%s:%09d", *d.Def.Family, d.Def.Revision), *d.Def.TaskDefinitionArn})
		}
	}
	key := func(e entry) string { return e.key }
	if in.Sort == types.SortOrderDesc {
		key = func(e entry) string { return mirrored(e.key) }
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(key(a), key(b)) })
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 100) {
		return nil, ecsInvalid("maxResults must be between 1 and 100")
	}
	page, next, ok := window(all, key, in.NextToken, sizeOr(in.MaxResults, 100))
	if !ok {
		return nil, ecsInvalid("Invalid token")
	}
	out := &ecs.ListTaskDefinitionsOutput{NextToken: next, TaskDefinitionArns: []string{}}
	for _, e := range page {
		out.TaskDefinitionArns = append(out.TaskDefinitionArns, e.arn)
	}
	return out, nil
}

func (s *ecsService) listFamilies(_ context.Context, in *ecs.ListTaskDefinitionFamiliesInput) (*ecs.ListTaskDefinitionFamiliesOutput, error) {
	active := map[string]bool{}
	for _, d := range s.definitions.all() {
		active[*d.Def.Family] = active[*d.Def.Family] || d.Def.Status == types.TaskDefinitionStatusActive
	}
	var names []string
	for _, f := range sortedKeys(active) {
		wanted := in.Status == types.TaskDefinitionFamilyStatusAll ||
			active[f] == (in.Status != types.TaskDefinitionFamilyStatusInactive)
		if strings.HasPrefix(f, aws.ToString(in.FamilyPrefix)) && wanted {
			names = append(names, f)
		}
	}
	page, next, err := ecsPage(names, in.NextToken, in.MaxResults, 100)
	return &ecs.ListTaskDefinitionFamiliesOutput{Families: page, NextToken: next}, err
}

// units reads a CPU or memory value: a number, or a number with a unit as in
// "1 vCPU" or "2GB".
func units(text, unit string, factor float64) (int, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if n, err := strconv.Atoi(text); err == nil {
		return n, true
	}
	number, found := strings.CutSuffix(text, unit)
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !found || err != nil {
		return 0, false
	}
	return int(f * factor), true
}
