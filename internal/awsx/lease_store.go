package awsx

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// leaseRecord is the value of a lease's parameter.
type leaseRecord struct {
	Holder
	Machine string    `json:"machine"` // tells hosts of the same name apart
	Token   string    `json:"token"`   // recognises a write of ours whose answer was lost
	Expires time.Time `json:"expires"`

	version int64
}

// alive reports whether the holder may still be at work.
func (r *leaseRecord) alive(now time.Time) bool {
	return now.Before(r.Expires) && (r.Machine != machineID() || processAlive(r.PID))
}

func (e *Env) leaseName() string { return "/ecsail/" + e.App + "/" + e.Name + "/lease" }
func (e *Env) claimPath() string { return e.leaseName() + "-takeover/" }

func (e *Env) heldBy(r *leaseRecord) error { return &HeldError{e.App, e.Name, r.Holder} }

// putLease writes a lease or a claim and returns its version. The tags go in
// with the creation; AWS refuses them when overwriting.
func (e *Env) putLease(ctx context.Context, name string, r leaseRecord, overwrite bool) (int64, error) {
	value, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("write lease: %w", err)
	}
	in := &ssm.PutParameterInput{Name: &name, Value: aws.String(string(value)), Overwrite: &overwrite,
		Type: ssmtypes.ParameterTypeString, Tier: ssmtypes.ParameterTierStandard}
	if !overwrite {
		in.Description = aws.String("Who is changing this environment with ecsail")
		in.Tags = Tags(map[string]string{
			resource.TagApp: e.App, resource.TagEnv: e.Name, resource.TagAddress: "Lease/environment",
		}, func(k, v string) ssmtypes.Tag { return ssmtypes.Tag{Key: &k, Value: &v} })
	}
	out, err := e.SSM.PutParameter(ctx, in)
	if err != nil {
		return 0, err
	}
	return out.Version, nil
}

// leaseConflict reports that the parameter exists or may have been written.
func leaseConflict(err error) bool { return Is(err, "ParameterAlreadyExists") || wasLost(err) }

func wasLost(err error) bool {
	r := resource.AsRetry(err)
	return r != nil && r.Lost
}

// getLease reads a lease or a claim; nil when there is none.
func (e *Env) getLease(ctx context.Context, name string) (*leaseRecord, error) {
	out, err := e.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if Is(err, "ParameterNotFound") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := leaseRecord{version: out.Parameter.Version}
	if err := json.Unmarshal([]byte(aws.ToString(out.Parameter.Value)), &r); err != nil {
		return nil, fmt.Errorf("the parameter %s holds no lease; delete it if nobody is at work: %w", name, err)
	}
	return &r, nil
}

func (e *Env) dropLease(ctx context.Context, name string) error {
	_, err := e.SSM.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &name})
	return Ignore(err, "ParameterNotFound")
}

// dropClaims removes the claims that are over and those of the given holder.
func (e *Env) dropClaims(ctx context.Context, token string) error {
	path := strings.TrimSuffix(e.claimPath(), "/")
	pages := ssm.NewGetParametersByPathPaginator(e.SSM, &ssm.GetParametersByPathInput{Path: &path})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.Parameters {
			var r leaseRecord
			if json.Unmarshal([]byte(aws.ToString(p.Value)), &r) == nil && r.Token != token && r.alive(time.Now()) {
				continue
			}
			if err := e.dropLease(ctx, aws.ToString(p.Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// plainText keeps a command line short and free of what Parameter Store would
// take for a reference to another parameter.
func plainText(s string) string {
	s = strings.ReplaceAll(s, "{{", "{ {")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}
