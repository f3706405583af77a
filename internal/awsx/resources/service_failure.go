package resources

import (
	"slices"
	"strings"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
)

// taskFailure is why a task stopped; empty for one that was merely scaled in.
func taskFailure(t ecstypes.Task) string {
	if !awsx.TaskFailed(t) {
		return ""
	}
	return awsx.FailureText(awsx.DescribeFailure(t, nil))
}

// maxFailureEvents is how many events are told where no failed task is known.
const maxFailureEvents = 2

// failureEvents picks the newest events that name a cause, back to when the
// service was last well. Their texts:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func failureEvents(s ecstypes.Service) []string {
	var out []string
	for _, ev := range s.Events { // newest first
		msg := eventText(s, ev)
		low := strings.ToLower(msg)
		if len(out) > 0 && strings.Contains(low, "steady state") {
			break // what is older is another story
		}
		if len(out) < maxFailureEvents && slices.ContainsFunc(failureWords, func(w string) bool { return strings.Contains(low, w) }) {
			out = distinct(append(out, msg))
		}
	}
	return out
}

var failureWords = []string{"unable", "fail", "unhealthy", "error", "could not", "cannot", "limit", "capacity", "insufficient"}

// distinct drops repetitions and keeps the order.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
