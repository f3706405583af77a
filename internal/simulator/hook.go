package simulator

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmw "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// Config returns an SDK configuration whose calls this account answers.
func (c *Cloud) Config(region string) aws.Config { return hooked(region, c.call) }

// answerer answers a call with its output or with an error as the SDK has it.
type answerer func(ctx context.Context, in any) (any, error)

func hooked(region string, answer answerer) aws.Config {
	return aws.Config{
		Region:      region,
		Credentials: aws.AnonymousCredentials{},
		APIOptions:  []func(*middleware.Stack) error{answer.hook},
	}
}

type inputKey struct{}

// hook puts it into a client. The typed input is caught at the outermost step;
// the call is answered inside the SDK's retry loop, so that retries, back-off and
// client-side rate limits behave as against AWS.
func (a answerer) hook(stack *middleware.Stack) error {
	catch := middleware.InitializeMiddlewareFunc("simulatorInput",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(middleware.WithStackValue(ctx, inputKey{}, in.Parameters), in)
		})
	if err := stack.Initialize.Add(catch, middleware.After); err != nil {
		return err
	}
	answer := middleware.FinalizeMiddlewareFunc("simulator",
		func(ctx context.Context, _ middleware.FinalizeInput, _ middleware.FinalizeHandler) (out middleware.FinalizeOutput, md middleware.Metadata, err error) {
			out.Result, err = a(ctx, middleware.GetStackValue(ctx, inputKey{}))
			return out, md, err
		})
	return stack.Finalize.Insert(answer, "Retry", middleware.After)
}

func (c *Cloud) call(ctx context.Context, in any) (any, error) {
	return c.do(ctx, Call{Service: awsmw.GetServiceID(ctx), Op: awsmw.GetOperationName(ctx), Region: awsmw.GetRegion(ctx)}, in)
}

// do lets a call's latency pass and answers it.
func (c *Cloud) do(ctx context.Context, call Call, in any) (any, error) {
	if err := c.pass(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	call.N = c.calls
	out, err := c.answer(ctx, call, in)
	call.Err = err
	if c.opt.OnCall != nil {
		c.opt.OnCall(call)
	}
	return out, err
}

// pass lets a call's latency pass.
func (c *Cloud) pass(ctx context.Context) error {
	if c.opt.Latency <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(time.Duration(float64(c.opt.Latency) / c.opt.Speed)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Cloud) answer(ctx context.Context, call Call, in any) (any, error) {
	var fault Fault
	if c.opt.Fault != nil {
		fault = c.opt.Fault(call)
	}
	if fault.Before != nil {
		return nil, fault.Before
	}
	if c.limits != nil && !c.limits.allow(call.Service, call.Op) {
		return nil, throttled(call.Service)
	}
	h, ok := c.handlers[reflect.TypeOf(in)]
	if !ok {
		return nil, apiError(501, "NotImplemented", fmt.Sprintf("the embedded AWS does not answer %s %s", call.Service, call.Op))
	}
	if err := c.store.begin(); err != nil {
		return nil, fmt.Errorf("embedded AWS: %w", err)
	}
	c.tick()
	c.region = call.Region
	if fault.Stale > 0 && isRead(call.Op) {
		c.asOf = c.now().Add(-fault.Stale)
	}
	out, err := h(ctx, in)
	c.asOf = time.Time{}
	if cerr := c.store.commit(c.now()); cerr != nil {
		return nil, fmt.Errorf("embedded AWS: %w", cerr)
	}
	if fault.After != nil {
		return nil, fault.After
	}
	return out, err
}

// tick lets everything happen that time brought since the last call.
func (c *Cloud) tick() {
	now := c.now()
	for _, r := range c.store.regions() {
		c.region = r
		for _, f := range c.tickers {
			f(now)
		}
	}
}

func isRead(op string) bool {
	for _, p := range []string{"Describe", "List", "Get", "Batch"} {
		if strings.HasPrefix(op, p) {
			return true
		}
	}
	return false
}
