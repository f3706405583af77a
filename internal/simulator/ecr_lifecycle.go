package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
)

func (s *ecrService) handleLifecycle() {
	handle(s.c, s.putLifecycle)
	handle(s.c, func(_ context.Context, in *ecr.GetLifecyclePolicyInput) (*ecr.GetLifecyclePolicyOutput, error) {
		r, err := s.repoWithLifecycle(in.RepositoryName, in.RegistryId)
		if err != nil {
			return nil, err
		}
		return &ecr.GetLifecyclePolicyOutput{RepositoryName: in.RepositoryName, RegistryId: r.Repo.RegistryId, LifecyclePolicyText: &r.Lifecycle}, nil
	})
	handle(s.c, func(_ context.Context, in *ecr.DeleteLifecyclePolicyInput) (*ecr.DeleteLifecyclePolicyOutput, error) {
		r, err := s.repoWithLifecycle(in.RepositoryName, in.RegistryId)
		if err != nil {
			return nil, err
		}
		text := r.Lifecycle
		r.Lifecycle = ""
		s.save(r)
		return &ecr.DeleteLifecyclePolicyOutput{RepositoryName: in.RepositoryName, RegistryId: r.Repo.RegistryId, LifecyclePolicyText: &text}, nil
	})
}

func (s *ecrService) repoWithLifecycle(name, registry *string) (ecrRepo, error) {
	r, err := s.repo(name, registry)
	if err == nil && r.Lifecycle == "" {
		err = apiError(400, "LifecyclePolicyNotFoundException",
			fmt.Sprintf("Lifecycle policy does not exist for the repository with name '%s' in the registry with id '%s'", *name, s.c.opt.Account))
	}
	return r, err
}

// putLifecycle stores the text as AWS does: without insignificant white space.
func (s *ecrService) putLifecycle(_ context.Context, in *ecr.PutLifecyclePolicyInput) (*ecr.PutLifecyclePolicyOutput, error) {
	r, err := s.repo(in.RepositoryName, in.RegistryId)
	if err != nil {
		return nil, err
	}
	text := aws.ToString(in.LifecyclePolicyText)
	if len(text) < 100 || len(text) > 30720 {
		return nil, constraint("lifecyclePolicyText", "Member must have length between 100 and 30720")
	}
	if fault := lifecycleFault(text); fault != "" {
		return nil, constraint("LifecyclePolicyText", "Lifecycle policy validation failure: "+fault)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(text)); err != nil {
		return nil, constraint("LifecyclePolicyText", "Lifecycle policy validation failure: "+err.Error())
	}
	r.Lifecycle = compact.String()
	s.save(r)
	return &ecr.PutLifecyclePolicyOutput{RepositoryName: in.RepositoryName, RegistryId: r.Repo.RegistryId, LifecyclePolicyText: &r.Lifecycle}, nil
}

// lifecycleRule is one rule:
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
type lifecycleRule struct {
	RulePriority *int   `json:"rulePriority"`
	Description  string `json:"description"`
	Selection    struct {
		TagStatus      string   `json:"tagStatus"`
		TagPatternList []string `json:"tagPatternList"`
		TagPrefixList  []string `json:"tagPrefixList"`
		StorageClass   string   `json:"storageClass"`
		CountType      string   `json:"countType"`
		CountUnit      string   `json:"countUnit"`
		CountNumber    *int     `json:"countNumber"`
	} `json:"selection"`
	Action struct {
		Type               string `json:"type"`
		TargetStorageClass string `json:"targetStorageClass"`
	} `json:"action"`
}

// lifecycleFault says what AWS would refuse in a policy, or "".
func lifecycleFault(text string) string {
	var policy struct {
		Rules []lifecycleRule `json:"rules"`
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&policy); err != nil {
		return err.Error()
	}
	if len(policy.Rules) == 0 || len(policy.Rules) > 50 {
		return "array \"rules\" must have between 1 and 50 items"
	}
	last, anyAt := 0, 0
	seen := map[int]bool{}
	for _, r := range policy.Rules {
		if fault := ruleFault(r); fault != "" {
			return fault
		}
		if seen[*r.RulePriority] {
			return "Two or more rules have the same 'rulePriority'. Change the 'rulePriority' of rules to be unique"
		}
		seen[*r.RulePriority] = true
		last = max(last, *r.RulePriority)
		if r.Selection.TagStatus == "any" {
			anyAt = *r.RulePriority
		}
	}
	if anyAt > 0 && anyAt != last {
		return "A rule with tagStatus 'any' must have the highest value for rulePriority"
	}
	return ""
}

func ruleFault(r lifecycleRule) string {
	sel := r.Selection
	listed := len(sel.TagPatternList) + len(sel.TagPrefixList)
	switch {
	case r.RulePriority == nil || *r.RulePriority < 1:
		return "object has missing or invalid property \"rulePriority\""
	case !slices.Contains([]string{"tagged", "untagged", "any"}, sel.TagStatus):
		return "instance value of \"tagStatus\" not found in enum [\"tagged\",\"untagged\",\"any\"]"
	case !slices.Contains([]string{"imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"}, sel.CountType):
		return "instance value of \"countType\" not found in enum"
	case sel.CountNumber == nil || *sel.CountNumber < 1:
		return "numeric instance of \"countNumber\" is lower than the required minimum (minimum: 1)"
	case sel.CountType == "imageCountMoreThan" && sel.CountUnit != "":
		return "\"countUnit\" must not be given with countType 'imageCountMoreThan'"
	case sel.CountType != "imageCountMoreThan" && sel.CountUnit != "days":
		return "\"countUnit\" must be 'days' with countType '" + sel.CountType + "'"
	case sel.TagStatus == "tagged" && listed == 0:
		return "\"tagPatternList\" or \"tagPrefixList\" is required with tagStatus 'tagged'"
	case sel.TagStatus != "tagged" && listed > 0:
		return "\"tagPatternList\" and \"tagPrefixList\" are allowed with tagStatus 'tagged' only"
	case !slices.Contains([]string{"expire", "transition"}, r.Action.Type):
		return "instance value of \"type\" not found in enum [\"expire\",\"transition\"]"
	}
	return ""
}
