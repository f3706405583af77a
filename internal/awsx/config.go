package awsx

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmw "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/middleware"
)

// Options say which account and region to work in. What is empty comes from the
// standard AWS configuration: environment, shared files, SSO, instance role.
type Options struct {
	Region   string
	Profile  string
	Endpoint string // of every service, instead of AWS's; AWS_ENDPOINT_URL does the same
}

// SetupError says why there is no usable AWS configuration and what to do.
type SetupError struct {
	What string
	Fix  string
	Err  error // the cause, may be nil
}

func (e *SetupError) Error() string {
	if e.Err == nil {
		return e.What + ": " + e.Fix
	}
	return e.What + ": " + e.Fix + " (" + e.Err.Error() + ")"
}

// Unwrap returns the cause.
func (e *SetupError) Unwrap() error { return e.Err }

// Retries of one call: about two minutes in the worst case, after which the
// engine decides.
const (
	maxAttempts = 10
	maxBackoff  = 20 * time.Second
	callTimeout = time.Minute // of one attempt
)

// Config loads the standard AWS configuration, makes sure that it has a region
// and credentials, and tunes it for an engine that calls in parallel.
func Config(ctx context.Context, o Options) (aws.Config, error) {
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(httpClient()),
		config.WithAPIOptions([]func(*middleware.Stack) error{awsmw.AddUserAgentKey("ecsail")}),
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Endpoint != "" {
		load = append(load, config.WithBaseEndpoint(o.Endpoint))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return cfg, loadError(err)
	}
	if cfg.Region == "" {
		return cfg, &SetupError{What: "no AWS region", Fix: "write `region:` into the manifest, pass --region, or set AWS_REGION"}
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return cfg, credentialsError(ctx, o, err)
	}
	return Tune(cfg), nil
}

// httpClient keeps as many connections as a sweep uses; the SDK's default of
// ten per host would open and close the rest for every call.
func httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTimeout(callTimeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 4*readWidth, 4*readWidth
	})
}

func loadError(err error) error {
	var profile config.SharedConfigProfileNotExistError
	if errors.As(err, &profile) {
		return &SetupError{What: "no AWS profile " + profile.Profile,
			Fix: "`aws configure list-profiles` shows those that there are"}
	}
	return &SetupError{What: "the AWS configuration cannot be read", Fix: "look at ~/.aws/config and the AWS_* variables", Err: err}
}

func credentialsError(ctx context.Context, o Options, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if text := strings.ToLower(err.Error()); strings.Contains(text, "sso") {
		login := "aws sso login"
		if o.Profile != "" {
			login += " --profile " + o.Profile
		}
		return &SetupError{What: "the AWS session is over", Fix: "run `" + login + "`", Err: err}
	}
	return &SetupError{What: "no AWS credentials",
		Fix: "run `aws configure` or `aws sso login`, pass --profile, set AWS_PROFILE, or try --local, which needs no account", Err: err}
}

// Tune adds retries, rate limits and the guard against doubled creates to a
// configuration. It comes last: middleware added to the configuration after it
// would run outside of the limits. Every call makes limits of its own.
func Tune(cfg aws.Config) aws.Config {
	cfg = TuneUnlimited(cfg)
	cfg.APIOptions = append(cfg.APIOptions, newLimits().add)
	return cfg
}

// TuneUnlimited is Tune without rate limits, for an account that has none: the
// embedded AWS at a faster pace.
func TuneUnlimited(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	attempts := max(maxAttempts, cfg.RetryMaxAttempts)
	cfg.RetryMaxAttempts = 0 // would otherwise override the retryer's own
	cfg.Retryer = func() aws.Retryer { return retryer(attempts) }
	cfg.APIOptions = append(append([]func(*middleware.Stack) error{}, cfg.APIOptions...), addLost)
	return cfg
}

// retryer is the SDK's standard one with patience. The client-side retry quota
// is off: it makes unrelated calls fail once some were throttled, and the rate
// limits already hold the engine back.
func retryer(attempts int) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = attempts, maxBackoff
		o.RateLimiter = ratelimit.None
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(quotaIsFinal), retry.IsErrorRetryableFunc(nobodyThere)}, o.Retryables...)
	})
}

// nobodyThere keeps the SDK from trying ten times where nothing listens or the
// name does not exist; the engine tries again where that may help.
func nobodyThere(err error) aws.Ternary {
	var dns *net.DNSError
	if errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dns) && dns.IsNotFound {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// quotaIsFinal keeps the SDK from retrying LimitExceededException, which it
// takes for throttling: with the services used here it is a quota, and waiting
// does not raise it.
func quotaIsFinal(err error) aws.Ternary {
	if Is(err, "LimitExceededException") {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}
