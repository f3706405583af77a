package resources

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// Record is a DNS record in a hosted zone that is the team's: an alias of the
// load balancer (Alias, AliasZone) or a CNAME (Value) for validation.
type Record struct {
	Zone      resource.Ref[HostedZoneID] `res:"replace"`
	Name      resource.Ref[RecordName]   `res:"name"`    // without the final dot
	Type      string                     `res:"replace"` // A | AAAA | CNAME
	Alias     resource.Ref[DNSName]
	AliasZone resource.Ref[DNSZoneID]
	Value     resource.Ref[RecordValue]
	TTL       int64 // seconds; 0 for an alias
}

// RecordOut is what other resources may refer to.
type RecordOut struct{ Name resource.Ref[RecordName] }

// Records defines AWS::Route53::RecordSet. A record cannot be tagged: it is ours
// when it points at what is ours. Its address is by convention "Record/A-<name>",
// "Record/AAAA-<name>" or "Record/validation-<domain>".
var Records = awsx.Define(awsx.Type[Record, RecordOut]{
	Kind: "Record", CFN: "AWS::Route53::RecordSet", Untagged: true, Parent: "LoadBalancer",
	List: listRecords, Create: createRecord, Update: updateRecord, Delete: deleteRecord,
})

// String names a record for people and in messages: "A shop.example.com".
func (r Record) String() string { return r.Type + " " + string(r.Name.Value()) }

// points is what a record points at, in one spelling.
func (r Record) points() string {
	if a := r.Alias.Value(); a != "" {
		return plainAlias(string(a))
	}
	return plainName(string(r.Value.Value()))
}

// wire is the record set as Route 53 takes it. An alias evaluates its target's
// health, as the console suggests.
func (r Record) wire() *r53types.ResourceRecordSet {
	set := &r53types.ResourceRecordSet{Name: r.Name.Ptr(), Type: r53types.RRType(r.Type)}
	if alias := r.Alias.Ptr(); alias != nil {
		set.AliasTarget = &r53types.AliasTarget{DNSName: alias, HostedZoneId: r.AliasZone.Ptr(), EvaluateTargetHealth: true}
		return set
	}
	set.TTL = aws.Int64(r.TTL)
	set.ResourceRecords = []r53types.ResourceRecord{{Value: r.Value.Ptr()}}
	return set
}

// plainName is a DNS name in one spelling: lower case, no final dot, no escapes.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
func plainName(s string) string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.ToLower(s), "."), `\052`, "*")
}

// plainAlias is plainName without the prefix that the console puts before the
// name of a load balancer.
func plainAlias(s string) string { return strings.TrimPrefix(plainName(s), "dualstack.") }

// plainZone is a zone's id without the path that some answers put before it.
func plainZone(s string) string { return strings.TrimPrefix(s, "/hostedzone/") }

func changeRecord(ctx context.Context, e *awsx.Env, zone resource.Ref[HostedZoneID], action r53types.ChangeAction, set *r53types.ResourceRecordSet) error {
	_, err := e.Route53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{HostedZoneId: zone.Ptr(),
		ChangeBatch: &r53types.ChangeBatch{Changes: []r53types.Change{{Action: action, ResourceRecordSet: set}}}})
	return batchError(err)
}

// batchError gives a refused change its reason, which the SDK keeps apart from
// the message.
func batchError(err error) error {
	var refused *r53types.InvalidChangeBatch
	if errors.As(err, &refused) && refused.Message == nil && len(refused.Messages) > 0 {
		return fmt.Errorf("%s: %w", strings.Join(refused.Messages, "; "), err)
	}
	return err
}

func refusedBecause(err error, reason string) bool {
	return awsx.Is(err, "InvalidChangeBatch") && strings.Contains(err.Error(), reason)
}

func createRecord(ctx context.Context, e *awsx.Env, w awsx.Want[Record]) (RecordOut, error) {
	out := RecordOut{Name: w.Spec.Name}
	err := changeRecord(ctx, e, w.Spec.Zone, r53types.ChangeActionCreate, w.Spec.wire())
	if !refusedBecause(err, "already exists") {
		return out, err
	}
	set, err := readRecord(ctx, e, w.Spec)
	if err != nil {
		return out, err
	}
	if set == nil {
		return out, notVisible("record " + w.Spec.String())
	}
	if live := recordSpec(w.Spec.Zone, *set); live.points() != w.Spec.points() || set.SetIdentifier != nil {
		return out, &resource.ForeignError{What: "record " + w.Spec.String(), Owner: pointer(live)}
	}
	return out, nil
}

// pointer describes the unknown owner of a record.
func pointer(live Record) string {
	if p := live.points(); p != "" {
		return "whoever points it at " + p
	}
	return "somebody else"
}

func updateRecord(ctx context.Context, e *awsx.Env, _ awsx.Live[Record, RecordOut], w awsx.Want[Record], _ resource.Diff) error {
	return changeRecord(ctx, e, w.Spec.Zone, r53types.ChangeActionUpsert, w.Spec.wire())
}

// deleteRecord deletes a record as it was found. Route 53 demands every value as
// it is, also those that a record has no field for, so it reads them when the
// first attempt does not match:
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
func deleteRecord(ctx context.Context, e *awsx.Env, l awsx.Live[Record, RecordOut]) error {
	if needed, err := validatesOthers(ctx, e, l.Spec); needed || err != nil {
		return err
	}
	err := changeRecord(ctx, e, l.Spec.Zone, r53types.ChangeActionDelete, l.Spec.wire())
	if awsx.Is(err, "NoSuchHostedZone") || refusedBecause(err, "not found") {
		return nil
	}
	if !awsx.Is(err, "InvalidChangeBatch") {
		return err
	}
	set, rerr := readRecord(ctx, e, l.Spec)
	if rerr != nil {
		return rerr
	}
	if set == nil || recordSpec(l.Spec.Zone, *set).points() != l.Spec.points() {
		return nil // gone, or somebody else's by now
	}
	err = changeRecord(ctx, e, l.Spec.Zone, r53types.ChangeActionDelete, set)
	if refusedBecause(err, "not found") {
		return nil
	}
	if awsx.Is(err, "InvalidChangeBatch") {
		return &resource.Retry{Reason: "the record is being changed", Err: err}
	}
	return err
}
