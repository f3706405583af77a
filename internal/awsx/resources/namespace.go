package resources

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// Namespace is the Cloud Map HTTP namespace in which Service Connect registers.
type Namespace struct {
	Name string `res:"name"`
}

// NamespaceOut is what other resources may refer to.
type NamespaceOut struct {
	ARN resource.Ref[NamespaceARN] `res:"ready"`
}

// Namespaces defines AWS::ServiceDiscovery::HttpNamespace.
var Namespaces = awsx.Define(awsx.Type[Namespace, NamespaceOut]{
	Kind: "Namespace", CFN: "AWS::ServiceDiscovery::HttpNamespace",
	List: listNamespaces, Create: createNamespace, Delete: deleteNamespace,
	Ready: readyNamespaces, Gone: goneNamespaces,
})

func listNamespaces(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[Namespace, NamespaceOut], error) {
	all, err := httpNamespaces(ctx, e)
	if err != nil {
		return nil, err
	}
	tagged, err := e.Tagged(ctx)
	if err != nil {
		return nil, err
	}
	var arns []string // an account may have many of others': ask only about what can concern us
	for _, n := range all {
		arn, name := aws.ToString(n.Arn), aws.ToString(n.Name)
		if _, known := tagged[arn]; known || q.Names[name] != "" || strings.HasPrefix(name, awsx.ClusterName(e.App, e.Name)) {
			arns = append(arns, arn)
		}
	}
	tags, err := e.TagsOf(ctx, arns, func(ctx context.Context, arn string) (map[string]string, error) { return namespaceTags(ctx, e, arn) })
	if err != nil {
		return nil, err
	}
	var live []awsx.Live[Namespace, NamespaceOut]
	for _, n := range all {
		arn, name := aws.ToString(n.Arn), aws.ToString(n.Name)
		if addr, foreign, ok := q.Match(name, tags[arn]); ok {
			live = append(live, awsx.Live[Namespace, NamespaceOut]{
				Addr: addr, ARN: arn, Tags: tags[arn], Foreign: foreign,
				Spec: Namespace{Name: name}, Out: namespaceOut(n),
			})
		}
	}
	return live, nil
}

func httpNamespaces(ctx context.Context, e *awsx.Env) ([]sdtypes.NamespaceSummary, error) {
	return allPages(ctx, sd.NewListNamespacesPaginator(e.SD, &sd.ListNamespacesInput{
		MaxResults: aws.Int32(100),
		Filters:    []sdtypes.NamespaceFilter{{Name: sdtypes.NamespaceFilterNameType, Values: []string{"HTTP"}, Condition: sdtypes.FilterConditionEq}},
	}), func(o *sd.ListNamespacesOutput) []sdtypes.NamespaceSummary { return o.Namespaces })
}

func namespaceOut(n sdtypes.NamespaceSummary) NamespaceOut {
	return NamespaceOut{ARN: resource.LitPtr[NamespaceARN](n.Arn)}
}

func namespaceTags(ctx context.Context, e *awsx.Env, arn string) (map[string]string, error) {
	out, err := e.SD.ListTagsForResource(ctx, &sd.ListTagsForResourceInput{ResourceARN: &arn})
	if err != nil {
		return nil, awsx.Ignore(err, "ResourceNotFoundException")
	}
	return awsx.TagMap(out.Tags, func(t sdtypes.Tag) (*string, *string) { return t.Key, t.Value }), nil
}

func sdTag(k, v string) sdtypes.Tag { return sdtypes.Tag{Key: &k, Value: &v} }

// createNamespace starts the creation; the ARN comes with Ready. It sends no
// request id of its own: the name is unique, and an id that depends on the name
// alone would be answered, after a deletion, with the operation of then.
func createNamespace(ctx context.Context, e *awsx.Env, w awsx.Want[Namespace]) (NamespaceOut, error) {
	_, err := e.SD.CreateHttpNamespace(ctx, &sd.CreateHttpNamespaceInput{Name: &w.Spec.Name, Tags: awsx.Tags(w.Tags, sdTag)})
	if !awsx.Is(err, "NamespaceAlreadyExists") {
		return NamespaceOut{}, awsx.Ignore(err, "DuplicateRequest")
	}
	all, lerr := httpNamespaces(ctx, e)
	if lerr != nil {
		return NamespaceOut{}, lerr
	}
	for _, n := range all {
		if aws.ToString(n.Name) == w.Spec.Name {
			tags, err := namespaceTags(ctx, e, aws.ToString(n.Arn))
			if err != nil {
				return NamespaceOut{}, err
			}
			return namespaceOut(n), adoptable("namespace "+w.Spec.Name, tags, w.Tags)
		}
	}
	return NamespaceOut{}, &resource.Retry{Reason: "a namespace of that name is not visible yet", Err: err}
}

// deleteNamespace first tries as it is. Service Connect leaves its Cloud Map
// services behind for a while, and for ever when ECS was cut off: those without
// instances go with their namespace, those with instances keep it busy.
func deleteNamespace(ctx context.Context, e *awsx.Env, l awsx.Live[Namespace, NamespaceOut]) error {
	id := lastPart(l.ARN) // arn:…:namespace/ns-…
	_, err := e.SD.DeleteNamespace(ctx, &sd.DeleteNamespaceInput{Id: &id})
	if !awsx.Is(err, "ResourceInUse") {
		return awsx.Ignore(err, "NamespaceNotFound", "DuplicateRequest") // duplicate: it is being deleted
	}
	services, lerr := allPages(ctx, sd.NewListServicesPaginator(e.SD, &sd.ListServicesInput{
		Filters: []sdtypes.ServiceFilter{{Name: sdtypes.ServiceFilterNameNamespaceId, Values: []string{id}, Condition: sdtypes.FilterConditionEq}},
	}), func(o *sd.ListServicesOutput) []sdtypes.ServiceSummary { return o.Services })
	if lerr != nil {
		return lerr
	}
	for _, s := range services {
		_, derr := e.SD.DeleteService(ctx, &sd.DeleteServiceInput{Id: s.Id})
		if derr = awsx.Ignore(derr, "ServiceNotFound", "ResourceInUse"); derr != nil {
			return derr
		}
	}
	return err // busy: the engine asks again
}

func readyNamespaces(ctx context.Context, e *awsx.Env, ls []awsx.Live[Namespace, NamespaceOut]) ([]awsx.State[NamespaceOut], error) {
	byName, err := namespacesByName(ctx, e)
	if err != nil {
		return nil, err
	}
	out := make([]awsx.State[NamespaceOut], len(ls))
	for i, l := range ls {
		out[i] = awsx.State[NamespaceOut]{Note: "being created"}
		if n, ok := byName[l.Spec.Name]; ok {
			out[i] = awsx.State[NamespaceOut]{Ready: true, Out: namespaceOut(n)}
		}
	}
	return out, nil
}

func goneNamespaces(ctx context.Context, e *awsx.Env, ls []awsx.Live[Namespace, NamespaceOut]) ([]bool, error) {
	byName, err := namespacesByName(ctx, e)
	out := make([]bool, len(ls))
	for i, l := range ls {
		n, there := byName[l.Spec.Name]
		out[i] = !there || aws.ToString(n.Arn) != l.ARN
	}
	return out, err
}

func namespacesByName(ctx context.Context, e *awsx.Env) (map[string]sdtypes.NamespaceSummary, error) {
	all, err := httpNamespaces(ctx, e)
	byName := make(map[string]sdtypes.NamespaceSummary, len(all))
	for _, n := range all {
		byName[aws.ToString(n.Name)] = n
	}
	return byName, err
}
