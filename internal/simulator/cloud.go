// Package simulator is the embedded AWS: it answers the SDK's calls in process,
// as strictly as AWS does and with AWS's error codes, so that the product runs
// and is tested with no account and no network. It imports none of ecsail's
// packages, so that it cannot share their misreadings of AWS.
package simulator

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"time"
)

// DefaultAccount is the account's number, where nothing else is asked for.
const DefaultAccount = "111122223333"

// Options configure a Cloud. The zero value is an empty account in memory with
// no call latency and no limits.
type Options struct {
	Dir     string        // directory of the durable state; empty: memory only
	Account string        // 12 digits, default 111122223333
	Latency time.Duration // of every call, before it takes effect
	Speed   float64       // how many times faster than AWS time passes, default 1
	// Haste is how many times faster than AWS the account does its own work, such
	// as creating a NAT gateway, while time passes as it does; default 1. What a
	// customer configures (intervals, grace periods, delays) keeps its length.
	Haste   float64
	Limits  bool      // enforce AWS's documented request rates
	Seed    uint64    // of identifiers
	Fault   FaultFunc // nil: none
	Runtime Runtime   // what runs tasks; nil: a stub whose tasks start and stay up
	// Balancing carries the load balancers' traffic; nil: targets are healthy
	// when the stub says so.
	Balancing Balancing
	// Meter measures what services use; nil: nothing is measured, and target
	// tracking does nothing.
	Meter Meter
	// Period is the length of a metric's period, default AWS's one minute. Alarms
	// count periods, so that tests and demonstrations can shorten their windows.
	Period time.Duration
	// Exclusive keeps the file of the durable state open: no other process can
	// use the account meanwhile, and calls are faster.
	Exclusive bool
	// Zones names the availability zones of a region; nil: three, named a to c.
	Zones func(region string) []string
	// OnCall, when set, is told of every call after it was answered.
	OnCall func(Call)
	// OnChange, when set, is told which service's state has changed ("elb",
	// "ecs"), while the account is locked: it must return at once.
	OnChange func(service string)
}

// Call is one answered API call.
type Call struct {
	N           int // 1 for the first
	Service, Op string
	Region      string
	Err         error
}

// Cloud is a simulated account with all its regions.
type Cloud struct {
	opt      Options
	handlers map[reflect.Type]handler
	// operations are the types of the handlers' inputs and outputs, by the
	// input's name.
	operations map[string]operation
	clock      clock
	limits     *limiter

	mu     sync.Mutex // guards everything below; never held while time passes
	store  *store
	rng    *rand.Rand
	calls  int
	region string    // of the call being answered
	asOf   time.Time // reads see the state as of then; zero: now

	ec2     *ec2Service
	elb     *elbService
	ecs     *ecsService
	ecr     *ecrService
	iam     *iamService
	logs    *logsService
	scaling *scalingService
	names   *namesService // Cloud Map
	acm     *acmService
	route53 *route53Service
	ssm     *ssmService
	secrets *secretsService

	taggers []tagger
	tickers []func(now time.Time)
}

// tagger is a service that takes part in the tagging API: arns reports the
// tagged resources of the current region, tag sets tags on one of its own.
type tagger interface {
	arns() map[string]map[string]string
	tag(arn string, tags map[string]string) bool
}

type handler func(context.Context, any) (any, error)

// New opens an account. The caller must Close it.
func New(opt Options) (*Cloud, error) {
	if opt.Account == "" {
		opt.Account = DefaultAccount
	}
	opt.Speed, opt.Haste = cmp.Or(opt.Speed, 1), cmp.Or(opt.Haste, 1)
	opt.Period = cmp.Or(opt.Period, time.Minute)
	if opt.Zones == nil {
		opt.Zones = func(r string) []string { return []string{r + "a", r + "b", r + "c"} }
	}
	if opt.Runtime == nil {
		opt.Runtime = stubRuntime{}
	}
	st, err := openStore(opt.Dir, opt.Exclusive)
	if err != nil {
		return nil, fmt.Errorf("open embedded AWS: %w", err)
	}
	st.told = opt.OnChange
	c := &Cloud{opt: opt, handlers: map[reflect.Type]handler{}, operations: map[string]operation{}, store: st, rng: rand.New(rand.NewPCG(opt.Seed, 0x5eed))}
	if c.clock, err = newClock(st, opt.Speed); err != nil {
		return nil, err
	}
	if opt.Dir != "" {
		c.rng = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) // identifiers differ between processes
	}
	if opt.Limits {
		c.limits = newLimiter(c.now)
	}
	c.ec2, c.elb, c.ecs, c.ecr, c.iam = newEC2(c), newELB(c), newECS(c), newECR(c), newIAM(c)
	c.logs, c.scaling, c.names = newLogs(c), newScaling(c), newNames(c)
	c.acm, c.route53, c.ssm = newACM(c), newRoute53(c), newSSM(c)
	c.secrets = newSecrets(c)
	newSTS(c)
	newTagging(c)
	return c, nil
}

// Clone copies the account as it is into a new one in memory with other
// options, so that many tests can start from one costly state.
func (c *Cloud) Clone(opt Options) (*Cloud, error) {
	opt.Dir = ""
	other, err := New(opt)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.store.copyTo(other.store)
	return other, nil
}

// Close releases the state; nothing is left to be written.
func (c *Cloud) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.store.close()
}

// handle registers a typed operation.
func handle[In, Out any](c *Cloud, f func(context.Context, *In) (*Out, error)) {
	c.operations[reflect.TypeFor[In]().String()] = operation{reflect.TypeFor[In](), reflect.TypeFor[Out]()}
	c.handlers[reflect.TypeFor[*In]()] = func(ctx context.Context, in any) (any, error) {
		out, err := f(ctx, in.(*In))
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}

func (c *Cloud) now() time.Time { return c.clock.now() }

// lag is how long something takes here that takes AWS so long.
func (c *Cloud) lag(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.opt.Haste)
}

// latency is Latency at the account's own pace.
func (c *Cloud) latency(resource, operation string) time.Duration {
	return c.lag(Latency(resource, operation))
}

// arn builds an ARN in the current region; pass region "" for global services.
func (c *Cloud) arn(service, region, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, c.opt.Account, resource)
}

// hex returns n random hexadecimal digits.
func (c *Cloud) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[c.rng.IntN(16)]
	}
	return string(b)
}

// id returns an EC2-style identifier such as vpc-0123456789abcdef0.
func (c *Cloud) id(prefix string) string { return prefix + "-0" + c.hex(16) }

// uuid returns a random UUID.
func (c *Cloud) uuid() string {
	return c.hex(8) + "-" + c.hex(4) + "-4" + c.hex(3) + "-a" + c.hex(3) + "-" + c.hex(12)
}
