package simulator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

func (s *namesService) handleNamespaces() {
	handle(s.c, s.createSpace)
	handle(s.c, s.deleteSpace)
	handle(s.c, s.getOperation)
}

func (s *namesService) createSpace(_ context.Context, in *sd.CreateHttpNamespaceInput) (*sd.CreateHttpNamespaceOutput, error) {
	var b breaches
	b.name("name", in.Name, 1, 1024, namespaceName)
	b.length("description", in.Description, 0, 1024)
	b.length("creatorRequestId", in.CreatorRequestId, 0, 64)
	if err := b.err("InvalidInput"); err != nil {
		return nil, err
	}
	if strings.HasPrefix(*in.Name, "arn:") {
		return nil, namesInvalid("A namespace name must not start with arn:.")
	}
	tags, err := namesTags(in.Tags, nil)
	if err != nil {
		return nil, err
	}
	for id, n := range s.spaces.all() {
		if *n.Namespace.Name != *in.Name {
			continue
		}
		if s.c.now().Before(n.Ready) && in.CreatorRequestId != nil && aws.ToString(n.Namespace.CreatorRequestId) == *in.CreatorRequestId {
			return &sd.CreateHttpNamespaceOutput{OperationId: aws.String(s.operationOn(id))}, nil
		}
		return nil, apiError(400, "NamespaceAlreadyExists", fmt.Sprintf("Namespace with name %s and id %s already exists", *in.Name, id))
	}
	id, now := s.id("ns-"), s.c.now()
	n := namespace{Ready: now.Add(s.c.lag(namespaceTime)), Tags: tags, Namespace: types.Namespace{
		Id: &id, Name: in.Name, Arn: aws.String(s.c.arn("servicediscovery", s.c.region, "namespace/"+id)), Type: types.NamespaceTypeHttp,
		Description: in.Description, CreatorRequestId: in.CreatorRequestId, CreateDate: &now, ResourceOwner: &s.c.opt.Account,
		Properties: &types.NamespaceProperties{HttpProperties: &types.HttpProperties{HttpName: in.Name}, DnsProperties: &types.DnsProperties{SOA: &types.SOA{}}},
	}}
	s.spaces.put(id, n)
	return &sd.CreateHttpNamespaceOutput{OperationId: aws.String(s.begin(types.OperationTypeCreateNamespace, id))}, nil
}

// begin records an operation on a namespace that ends by itself.
func (s *namesService) begin(kind types.OperationType, space string) string {
	id, now := s.id("")+"-"+s.c.pick("abcdefghijklmnopqrstuvwxyz234567", 8), s.c.now()
	s.operations.put(id, nameOperation{Done: now.Add(s.c.lag(namespaceTime)), Operation: types.Operation{
		Id: &id, Type: kind, CreateDate: &now, OwnerAccount: &s.c.opt.Account, Targets: map[string]string{string(types.OperationTargetTypeNamespace): space},
	}})
	return id
}

// operationOn is the operation that creates a namespace.
func (s *namesService) operationOn(space string) string {
	for id, o := range s.operations.all() {
		if o.Operation.Targets[string(types.OperationTargetTypeNamespace)] == space && o.Operation.Type == types.OperationTypeCreateNamespace {
			return id
		}
	}
	return ""
}

func (s *namesService) deleteSpace(_ context.Context, in *sd.DeleteNamespaceInput) (*sd.DeleteNamespaceOutput, error) {
	n, err := s.space(in.Id)
	if err != nil {
		return nil, err
	}
	if len(s.servicesOf(*n.Namespace.Id)) > 0 {
		return nil, apiError(400, "ResourceInUse", "Namespace has associated services; delete the services before deleting the namespace")
	}
	s.spaces.delete(*n.Namespace.Id)
	return &sd.DeleteNamespaceOutput{OperationId: aws.String(s.begin(types.OperationTypeDeleteNamespace, *n.Namespace.Id))}, nil
}

func (s *namesService) getOperation(_ context.Context, in *sd.GetOperationInput) (*sd.GetOperationOutput, error) {
	o, ok := s.operations.get(aws.ToString(in.OperationId))
	if !ok {
		return nil, apiError(400, "OperationNotFound", "No operation found with id: "+aws.ToString(in.OperationId))
	}
	now := s.c.now()
	o.Operation.Status, o.Operation.UpdateDate = types.OperationStatusPending, o.Operation.CreateDate
	if !now.Before(o.Done) {
		o.Operation.Status, o.Operation.UpdateDate = types.OperationStatusSuccess, &o.Done
	}
	return &sd.GetOperationOutput{Operation: &o.Operation}, nil
}

func (s *namesService) handleNamespaceReads() {
	handle(s.c, func(_ context.Context, in *sd.GetNamespaceInput) (*sd.GetNamespaceOutput, error) {
		n, err := s.space(in.Id)
		if err != nil {
			return nil, err
		}
		return &sd.GetNamespaceOutput{Namespace: &n.Namespace}, nil
	})
	handle(s.c, s.listSpaces)
}

func (s *namesService) listSpaces(_ context.Context, in *sd.ListNamespacesInput) (*sd.ListNamespacesOutput, error) {
	var all []types.NamespaceSummary
	for id := range s.spaces.all() {
		n, err := s.space(&id)
		if err != nil {
			continue // not created yet
		}
		ok, err := spaceMatches(n.Namespace, in.Filters)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, spaceSummary(n.Namespace))
		}
	}
	page, next, err := namesPage(all, func(n types.NamespaceSummary) string { return *n.Id }, in.NextToken, in.MaxResults)
	return &sd.ListNamespacesOutput{Namespaces: page, NextToken: next}, err
}

func spaceSummary(n types.Namespace) types.NamespaceSummary {
	return types.NamespaceSummary{Id: n.Id, Arn: n.Arn, Name: n.Name, Type: n.Type, Description: n.Description,
		CreateDate: n.CreateDate, Properties: n.Properties, ServiceCount: n.ServiceCount, ResourceOwner: n.ResourceOwner}
}

func spaceMatches(n types.Namespace, filters []types.NamespaceFilter) (bool, error) {
	for _, f := range filters {
		var value string
		switch f.Name {
		case types.NamespaceFilterNameType:
			value = string(n.Type)
		case types.NamespaceFilterNameName:
			value = *n.Name
		case types.NamespaceFilterNameHttpName:
			value = *n.Properties.HttpProperties.HttpName
		case types.NamespaceFilterNameResourceOwner:
			value = "SELF"
		default:
			return false, namesInvalid("Invalid filter name: " + string(f.Name))
		}
		ok, err := nameMatches(value, f.Condition, f.Values)
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// nameMatches compares a value with a filter's; the default condition is EQ.
func nameMatches(value string, condition types.FilterCondition, wanted []string) (bool, error) {
	if len(wanted) == 0 {
		return false, namesInvalid("Filter values must not be empty.")
	}
	switch condition {
	case "", types.FilterConditionEq:
		if len(wanted) > 1 {
			return false, namesInvalid("Only one value can be given with the condition EQ.")
		}
		return value == wanted[0], nil
	case types.FilterConditionIn:
		return slices.Contains(wanted, value), nil
	case types.FilterConditionBeginsWith:
		return strings.HasPrefix(value, wanted[0]), nil
	}
	return false, namesInvalid("Filter condition " + string(condition) + " is not supported here.")
}

// namesPage cuts a page by Cloud Map's rules: default and most 100.
func namesPage[T any](items []T, key func(T) string, token *string, size *int32) (page []T, next *string, err error) {
	var b breaches
	b.between("maxResults", size, 1, 100)
	if err := b.err("InvalidInput"); err != nil {
		return nil, nil, err
	}
	page, next, ok := window(items, key, token, sizeOr(size, 100))
	if !ok {
		return nil, nil, namesInvalid("Invalid NextToken.")
	}
	return page, next, nil
}
