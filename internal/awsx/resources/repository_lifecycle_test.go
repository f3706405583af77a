package resources

import (
	"strings"
	"testing"
)

func TestLifecycleReadsBack(t *testing.T) {
	for _, keep := range []int32{1, 20, 1000} {
		if got := lifecycleCount(lifecycleText(keep)); got != keep {
			t.Errorf("keep %d reads back as %d", keep, got)
		}
	}
	respaced := `{"rules": [
		{"rulePriority": 1, "selection": {"countNumber": 1, "countType": "sinceImagePushed", "countUnit": "days", "tagStatus": "untagged"},
		 "action": {"type": "expire"}, "description": "untagged images go after a day"},
		{"action": {"type": "expire"}, "description": "the newest 7 images stay", "rulePriority": 2,
		 "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 7}}]}`
	if got := lifecycleCount(respaced); got != 7 {
		t.Errorf("another spelling reads as %d, want 7", got)
	}
}

func TestLifecycleOfOthers(t *testing.T) {
	for name, text := range map[string]string{
		"no json":       `nonsense`,
		"no rules":      `{"rules":[]}`,
		"one rule":      `{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}}]}`,
		"another limit": lifecycleTextWith(t, `"countNumber":1}`, `"countNumber":14}`),
		"two counts":    lifecycleTextWith(t, `"countNumber":20`, `"countNumber":21`),
	} {
		if got := lifecycleCount(text); got != otherLifecycle {
			t.Errorf("%s reads as %d, want drift", name, got)
		}
	}
}

// lifecycleTextWith is our policy for 20 images with one edit.
func lifecycleTextWith(t *testing.T, old, new string) string {
	t.Helper()
	text := lifecycleText(20)
	edited := strings.Replace(text, old, new, 1)
	if edited == text {
		t.Fatalf("%s is not in %s", old, text)
	}
	return edited
}
