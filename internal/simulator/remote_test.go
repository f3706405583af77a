package simulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// unsent are the interfaces in the SDK's types. JSON cannot bring them back, and
// neither this program nor the embedded AWS ever sets one.
var unsent = []string{"types.SharingStrategy", "types.GatewayConnectionResources", "types.ServiceConnectContainerConfiguration", "document.Interface"}

// filled puts a value into every field there is. Types that hold themselves end
// at some depth.
func filled(t *testing.T, v reflect.Value, depth int) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 12, 30, 0, 123456789, time.UTC)))
		return
	case v.Type() == reflect.TypeFor[middleware.Metadata](), depth > 12:
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("ä<\"&\u2028\n")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(1<<31 - 1)
		if v.Kind() == reflect.Int64 {
			v.SetInt(1<<62 + 1)
		}
	case reflect.Float32, reflect.Float64:
		v.SetFloat(0.1)
	case reflect.Uint8:
		v.SetUint(255)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(t, v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		filled(t, v.Index(0), depth+1)
		filled(t, v.Index(1), depth+1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		e := reflect.New(v.Type().Elem()).Elem()
		filled(t, e, depth+1)
		v.SetMapIndex(reflect.ValueOf("k.e/y").Convert(v.Type().Key()), e)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				filled(t, v.Field(i), depth+1)
			}
		}
	case reflect.Interface:
		if !slices.Contains(unsent, v.Type().String()) {
			t.Errorf("%s: an interface does not survive JSON", v.Type())
		}
	default:
		t.Errorf("%s: a %s does not survive JSON", v.Type(), v.Kind())
	}
}

// TestOperationsSurviveJSON sends every input and every output there is, with all
// fields set, as Remote does, and compares what arrives.
func TestOperationsSurviveJSON(t *testing.T) {
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.operations) < 150 || len(c.operations) != len(c.handlers) {
		t.Errorf("%d operations and %d handlers", len(c.operations), len(c.handlers))
	}
	for name, op := range c.operations {
		for _, kind := range []reflect.Type{op.input, op.output} {
			sent, got := reflect.New(kind), reflect.New(kind)
			filled(t, sent.Elem(), 0)
			data, err := json.Marshal(sent.Interface())
			if err == nil {
				err = json.Unmarshal(data, got.Interface())
			}
			if err != nil || !reflect.DeepEqual(sent.Interface(), got.Interface()) {
				t.Errorf("%s: %s does not survive (%v)", name, kind, err)
			}
		}
	}
}

// far is an account behind a server, as another process sees it.
func far(t *testing.T, handler http.Handler) aws.Config {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	cfg, err := Remote("eu-west-1", &http.Client{Transport: rerouted{srv.URL}})
	if err != nil {
		t.Fatal(err)
	}
	cfg.RetryMaxAttempts = 1
	return cfg
}

// rerouted leads all requests to a server, as a dialled socket does.
type rerouted struct{ url string }

func (r rerouted) RoundTrip(req *http.Request) (*http.Response, error) {
	to, err := http.NewRequestWithContext(req.Context(), req.Method, r.url+req.URL.Path, req.Body)
	if err != nil {
		return nil, err
	}
	return http.DefaultTransport.RoundTrip(to)
}

// Errors arrive with AWS's code, message and status, as without a wire between.
func TestErrorsOverTheWire(t *testing.T) {
	var calls []Call
	c, err := New(Options{OnCall: func(c Call) { calls = append(calls, c) }})
	if err != nil {
		t.Fatal(err)
	}
	near, remote, ctx := c.Config("eu-west-1"), far(t, c), t.Context()
	for name, call := range map[string]func(aws.Config) error{
		"no cluster": func(cfg aws.Config) error {
			return second(ecs.NewFromConfig(cfg).RunTask(ctx, &ecs.RunTaskInput{Cluster: aws.String("x"), TaskDefinition: aws.String("x:1")}))
		},
		"no load balancer": func(cfg aws.Config) error {
			return second(elbv2.NewFromConfig(cfg).DescribeLoadBalancers(ctx, &elbv2.DescribeLoadBalancersInput{Names: []string{"x"}}))
		},
		"no VPC": func(cfg aws.Config) error {
			return second(ec2.NewFromConfig(cfg).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{"vpc-0123456789abcdef0"}}))
		},
		"no role": func(cfg aws.Config) error {
			return second(iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("x")}))
		},
		"no secret": func(cfg aws.Config) error {
			return second(secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("x")}))
		},
		"not answered": func(cfg aws.Config) error {
			return second(ec2.NewFromConfig(cfg).DescribeInstances(ctx, &ec2.DescribeInstancesInput{}))
		},
	} {
		want, got := faultFrom(t, call(near)), faultFrom(t, call(remote))
		if want != got || want.status == 0 {
			t.Errorf("%s: over the wire %+v, want %+v", name, got, want)
		}
	}
	if last := calls[len(calls)-1]; last.Region != "eu-west-1" || last.Service == "" || last.Op == "" {
		t.Errorf("a call arrived as %+v", last)
	}
}

type wireFault struct {
	code, message string
	status        int
}

func faultFrom(t *testing.T, err error) wireFault {
	t.Helper()
	var api smithy.APIError
	var res *awshttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &res) {
		t.Fatalf("no error of AWS's: %v", err)
	}
	return wireFault{api.ErrorCode(), api.ErrorMessage(), res.HTTPStatusCode()}
}

// What is not AWS's is no error of AWS's.
func TestABrokenWire(t *testing.T) {
	c, err := New(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.store.path += "/gone/cloud.db"
	for name, h := range map[string]struct {
		handler http.Handler
		want    string
	}{
		"damaged state": {c, "embedded AWS: open "},
		"not ours":      {http.NotFoundHandler(), "the local region answered 404"},
		"no answer":     {http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "the local region does not answer"},
		"hung up":       {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "the local region does not answer"},
	} {
		_, err := logs.NewFromConfig(far(t, h.handler)).DescribeLogGroups(t.Context(), &logs.DescribeLogGroupsInput{})
		var api smithy.APIError
		if err == nil || errors.As(err, &api) || !strings.Contains(err.Error(), h.want) {
			t.Errorf("%s: %v, want %q", name, err, h.want)
		}
	}
	for _, body := range []string{"{", `{"Type":"ecs.RunTaskInput","Input":3}`} {
		w := httptest.NewRecorder()
		if c.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/aws", strings.NewReader(body))); w.Code != http.StatusBadRequest {
			t.Errorf("%s is answered with %d", body, w.Code)
		}
	}
}
