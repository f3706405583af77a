package resources

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/ecsail/ecsail/internal/awsx"
)

// otherLifecycle is what Keep shows when a repository has a lifecycle policy
// that is not of our making, so that it appears as drift.
const otherLifecycle = -1

// lifecyclePolicy is a lifecycle policy, in the order of its JSON form:
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
type lifecyclePolicy struct {
	Rules []lifecycleRule `json:"rules"`
}

type lifecycleRule struct {
	Priority    int                `json:"rulePriority"`
	Description string             `json:"description"`
	Selection   lifecycleSelection `json:"selection"`
	Action      lifecycleAction    `json:"action"`
}

type lifecycleSelection struct {
	TagStatus   string `json:"tagStatus"`
	CountType   string `json:"countType"`
	CountUnit   string `json:"countUnit,omitempty"`
	CountNumber int32  `json:"countNumber"`
}

type lifecycleAction struct {
	Type string `json:"type"`
}

// lifecycleText is the policy that keeps the newest images and drops untagged
// ones, which nothing can deploy by name, after a day.
func lifecycleText(keep int32) string {
	expire := lifecycleAction{"expire"}
	doc, _ := json.Marshal(lifecyclePolicy{[]lifecycleRule{ // strings and numbers only: it cannot fail
		{1, "untagged images go after a day", lifecycleSelection{"untagged", "sinceImagePushed", "days", 1}, expire},
		{2, fmt.Sprintf("the newest %d images stay", keep), lifecycleSelection{"any", "imageCountMoreThan", "", keep}, expire},
	}})
	return string(doc)
}

// lifecycleCount reads a policy back: the images kept if it is one of ours,
// else otherLifecycle.
func lifecycleCount(text string) int32 {
	var p lifecyclePolicy
	if json.Unmarshal([]byte(text), &p) != nil || len(p.Rules) != 2 {
		return otherLifecycle
	}
	keep := p.Rules[1].Selection.CountNumber
	if keep <= 0 || canonicalJSON(lifecycleText(keep)) != canonicalJSON(text) {
		return otherLifecycle
	}
	return keep
}

// lifecycleKeep asks for a repository's policy; none is 0.
func lifecycleKeep(ctx context.Context, e *awsx.Env, name string) (int32, error) {
	out, err := e.ECR.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: &name})
	if err != nil {
		if err = awsx.Ignore(err, "LifecyclePolicyNotFoundException", "RepositoryNotFoundException"); err != nil {
			err = fmt.Errorf("read lifecycle policy: %w", err)
		}
		return 0, err
	}
	return lifecycleCount(aws.ToString(out.LifecyclePolicyText)), nil
}

func setLifecycle(ctx context.Context, e *awsx.Env, r Repository) error {
	var err error
	if r.Keep > 0 {
		_, err = e.ECR.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{RepositoryName: &r.Name, LifecyclePolicyText: aws.String(lifecycleText(r.Keep))})
	} else {
		_, err = e.ECR.DeleteLifecyclePolicy(ctx, &ecr.DeleteLifecyclePolicyInput{RepositoryName: &r.Name})
		err = awsx.Ignore(err, "LifecyclePolicyNotFoundException")
	}
	if err != nil {
		return fmt.Errorf("set lifecycle policy: %w", err)
	}
	return nil
}
