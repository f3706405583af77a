package resources

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// finish brings a resource that was just born, with AWS's defaults, to its
// wanted spec, by the update that heals a crash at this point too.
func finish[S, O any](ctx context.Context, e *awsx.Env, update func(context.Context, *awsx.Env, awsx.Live[S, O], awsx.Want[S], resource.Diff) error, born awsx.Live[S, O], w awsx.Want[S]) error {
	d := resource.Compare(born.Spec, w.Spec)
	if d.Empty() {
		return nil
	}
	return halfMade(update(ctx, e, born, w, d))
}

// halfMade marks an error that came after the resource was made: waiting may
// cure it, but creating again would double what has no unique name, so the
// resource must be looked for first.
func halfMade(err error) error {
	r := resource.AsRetry(awsx.Classify(err))
	if r == nil {
		return err
	}
	return &resource.Retry{Reason: r.Reason, Err: err, Lost: true}
}

// notVisible is the retry for a read that lags behind the write before it.
func notVisible(what string) error {
	return &resource.Retry{Reason: what + " not visible yet", Err: fmt.Errorf("%s not found", what)}
}

// ec2Token is clientToken for EC2, whose tokens outlive by far what they made
// and what Describe tells of that: dead is the one that this token has led to so
// far and that exists no more, and the hour limits how long a token is used. The
// tags count, because AWS refuses a token that comes back with other parameters.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
func ec2Token[S any](e *awsx.Env, w awsx.Want[S], dead string) string {
	return clientToken(e, w.Addr, []any{w.Spec, w.Tags, dead, time.Now().UTC().Format("2006-01-02T15")})
}

// createAlive calls create with a token derived from what is wanted, again while
// the answer is one that this token made before and that is dead by now. AWS's
// answer to a repeated token shows the present state.
func createAlive[S any](e *awsx.Env, w awsx.Want[S], dead []string, create func(token string) (id, state string, err error)) (string, error) {
	for last := ""; ; {
		id, state, err := create(ec2Token(e, w, last))
		if err != nil {
			return "", err
		}
		if !slices.Contains(dead, state) {
			return id, nil
		}
		if id == last {
			return "", fmt.Errorf("%s is %s", id, state)
		}
		last = id
	}
}
