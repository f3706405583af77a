package model

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/resource"
)

// statement is one statement of a policy; Resources may hold references.
type statement struct {
	actions   []string
	resources []resource.Text
}

// policy renders an Allow policy as canonical JSON: keys sorted, lists always
// lists, no spaces.
func policy(statements []statement) resource.Text {
	t := resource.Str(`{"Statement":[`)
	for i, s := range statements {
		if i > 0 {
			t = resource.Join(t, ",")
		}
		t = resource.Join(t, `{"Action":`, jsonList(s.actions), `,"Effect":"Allow","Resource":[`)
		for j, r := range s.resources {
			if j > 0 {
				t = resource.Join(t, ",")
			}
			t = resource.Join(t, `"`, r, `"`)
		}
		t = resource.Join(t, "]}")
	}
	return resource.Join(t, `],"Version":"2012-10-17"}`)
}

func jsonList(items []string) string {
	items = slices.Sorted(slices.Values(items))
	b, err := json.Marshal(slices.Compact(items))
	if err != nil {
		return "[]" // strings always marshal
	}
	return string(b)
}

func texts(items ...string) []resource.Text {
	var out []resource.Text
	for _, i := range items {
		out = append(out, resource.Str(i))
	}
	return out
}

// trust lets ECS assume a role for tasks of this account and region only.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#create_task_iam_policy_and_role
func (c *compiler) trust() resource.Text {
	return resource.Str(`{"Statement":[{"Action":["sts:AssumeRole"],"Condition":{"ArnLike":{"aws:SourceArn":"` + c.arn("ecs", "*") +
		`"},"StringEquals":{"aws:SourceAccount":"` + c.f.Account + `"}},"Effect":"Allow","Principal":{"Service":["ecs-tasks.amazonaws.com"]}}],"Version":"2012-10-17"}`)
}

func (c *compiler) role(s *manifest.Service, use string, inline map[string]resource.Text, managed []string) resource.Ref[resources.RoleARN] {
	return resources.Roles.Add(c.g, s.Name+"-"+use, resources.Role{
		Name:  resource.JoinName(64, c.m.App, c.m.Env, s.Name, use, c.f.Region),
		Path:  awsx.RolePath(c.m.App, c.m.Env, c.f.Region),
		Trust: c.trust(), Inline: inline, Managed: managed,
	}).ARN
}

// executionRole lets ECS pull the image, write the logs and read the secrets of
// this one service.
func (c *compiler) executionRole(s *manifest.Service, repo *resources.RepositoryOut, group resources.LogGroupOut) resource.Ref[resources.RoleARN] {
	st := []statement{{[]string{"logs:CreateLogStream", "logs:PutLogEvents"}, []resource.Text{resource.Join(group.ARN, ":*")}}}
	if images := c.privateImages(s, repo); len(images) > 0 {
		st = append(st,
			statement{[]string{"ecr:GetAuthorizationToken"}, texts("*")}, // has no resource of its own
			statement{[]string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}, images})
	}
	var parameters, secrets []string
	for _, sec := range s.AllSecrets() {
		if sec.Store == "ssm" {
			parameters = append(parameters, c.secretPermission(sec))
		} else {
			secrets = append(secrets, c.secretPermission(sec))
		}
	}
	if len(parameters) > 0 {
		st = append(st, statement{[]string{"ssm:GetParameters"}, texts(unique(parameters)...)})
	}
	if len(secrets) > 0 {
		st = append(st, statement{[]string{"secretsmanager:GetSecretValue"}, texts(unique(secrets)...)})
	}
	return c.role(s, "execution", map[string]resource.Text{"ecsail": policy(st)}, nil)
}

func unique(items []string) []string { return slices.Compact(slices.Sorted(slices.Values(items))) }

// privateImages are the repositories in private ECR that the task pulls from.
func (c *compiler) privateImages(s *manifest.Service, repo *resources.RepositoryOut) []resource.Text {
	var out []resource.Text
	if repo != nil {
		out = append(out, resource.Join(repo.ARN))
	}
	var arns []string
	for _, image := range append([]string{s.Image}, sidecarImages(s)...) {
		if arn := ecrARN(c.f.Partition, image); arn != "" && (repo == nil || !strings.HasSuffix(arn, ":repository/"+c.m.App+"/"+s.Name)) {
			arns = append(arns, arn)
		}
	}
	return append(out, texts(unique(arns)...)...)
}

func sidecarImages(s *manifest.Service) []string {
	var out []string
	for _, sc := range s.Sidecars {
		out = append(out, sc.Image)
	}
	return out
}

// ecrARN is the repository of an image reference such as
// 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1, or "".
func ecrARN(partition, image string) string {
	host, repo, _ := strings.Cut(image, "/")
	p := strings.Split(host, ".")
	if len(p) < 6 || p[1] != "dkr" || p[2] != "ecr" || p[4] != "amazonaws" {
		return ""
	}
	repo, _, _ = strings.Cut(repo, "@")
	repo, _, _ = strings.Cut(repo, ":")
	return "arn:" + partition + ":ecr:" + p[3] + ":" + p[0] + ":repository/" + repo
}

// taskRole is what the containers themselves may do: what the manifest grants,
// and the channels of ECS Exec when it is on.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#ecs-exec-required-iam-permissions
func (c *compiler) taskRole(s *manifest.Service) resource.Ref[resources.RoleARN] {
	inline := map[string]resource.Text{}
	if s.Exec {
		inline["exec"] = policy([]statement{{[]string{
			"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
		}, texts("*")}})
	}
	var st []statement
	for _, p := range s.Permission.Statements {
		st = append(st, statement{p.Actions, texts(p.Resources...)})
	}
	if len(st) > 0 {
		inline["permissions"] = policy(st)
	}
	return c.role(s, "task", inline, s.Permission.Managed)
}
