package simulator

import (
	"context"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

var nameServiceName = regexp.MustCompile(`^(([a-zA-Z0-9_][a-zA-Z0-9-_]{0,61}[a-zA-Z0-9_]|[a-zA-Z0-9])(\.([a-zA-Z0-9_][a-zA-Z0-9-_]{0,61}[a-zA-Z0-9_]|[a-zA-Z0-9]))*|\.)$`)

func (s *namesService) handleServices() {
	handle(s.c, s.createService)
	handle(s.c, func(_ context.Context, in *sd.GetServiceInput) (*sd.GetServiceOutput, error) {
		v, err := s.service(in.Id)
		if err != nil {
			return nil, err
		}
		return &sd.GetServiceOutput{Service: &v.Service}, nil
	})
	handle(s.c, s.deleteService)
	handle(s.c, s.listServices)
	handle(s.c, s.listInstances)
}

func (s *namesService) service(id *string) (nameService, error) {
	v, ok := s.services.get(lastPart(aws.ToString(id)))
	if !ok {
		return v, apiError(400, "ServiceNotFound", "No service found with id: "+aws.ToString(id))
	}
	v.Service.InstanceCount = aws.Int32(int32(len(v.Instances)))
	return v, nil
}

func (s *namesService) servicesOf(space string) []nameService {
	var out []nameService
	for _, v := range s.services.all() {
		if *v.Service.NamespaceId == space {
			out = append(out, v)
		}
	}
	return out
}

func (s *namesService) saveService(v nameService) { s.services.put(*v.Service.Id, v) }

func (s *namesService) newService(space, name string) nameService {
	id, now := s.id("srv-"), s.c.now()
	return nameService{Instances: map[string]map[string]string{}, Service: types.Service{
		Id: &id, Arn: aws.String(s.c.arn("servicediscovery", s.c.region, "service/"+id)), Name: &name, NamespaceId: &space,
		Type: types.ServiceTypeHttp, CreateDate: &now, InstanceCount: aws.Int32(0),
	}}
}

func (s *namesService) createService(_ context.Context, in *sd.CreateServiceInput) (*sd.CreateServiceOutput, error) {
	var b breaches
	b.name("name", in.Name, 1, 127, nameServiceName)
	b.length("description", in.Description, 0, 1024)
	if err := b.err("InvalidInput"); err != nil {
		return nil, err
	}
	if in.DnsConfig != nil || in.HealthCheckConfig != nil {
		return nil, namesInvalid("DnsConfig and HealthCheckConfig cannot be used in an HTTP namespace.")
	}
	n, err := s.space(in.NamespaceId)
	if err != nil {
		return nil, err
	}
	for _, v := range s.servicesOf(*n.Namespace.Id) {
		if *v.Service.Name == *in.Name {
			return nil, apiError(400, "ServiceAlreadyExists", "Service already exists.")
		}
	}
	v := s.newService(*n.Namespace.Id, *in.Name)
	if v.Tags, err = namesTags(in.Tags, nil); err != nil {
		return nil, err
	}
	v.Service.Description, v.Service.CreatorRequestId, v.Service.HealthCheckCustomConfig = in.Description, in.CreatorRequestId, in.HealthCheckCustomConfig
	s.saveService(v)
	return &sd.CreateServiceOutput{Service: &v.Service}, nil
}

func (s *namesService) deleteService(_ context.Context, in *sd.DeleteServiceInput) (*sd.DeleteServiceOutput, error) {
	v, err := s.service(in.Id)
	if err != nil {
		return nil, err
	}
	if len(v.Instances) > 0 {
		return nil, apiError(400, "ResourceInUse", "Service contains registered instances; delete the instances before deleting the service")
	}
	s.services.delete(*v.Service.Id)
	return &sd.DeleteServiceOutput{}, nil
}

func (s *namesService) listServices(_ context.Context, in *sd.ListServicesInput) (*sd.ListServicesOutput, error) {
	var all []types.ServiceSummary
	for id := range s.services.all() {
		v, err := s.service(&id)
		if err != nil {
			return nil, err
		}
		ok, err := serviceMatches(v.Service, in.Filters)
		if err != nil {
			return nil, err
		}
		if ok {
			x := v.Service
			all = append(all, types.ServiceSummary{Id: x.Id, Arn: x.Arn, Name: x.Name, Type: x.Type, Description: x.Description,
				CreateDate: x.CreateDate, InstanceCount: x.InstanceCount, HealthCheckCustomConfig: x.HealthCheckCustomConfig})
		}
	}
	page, next, err := namesPage(all, func(v types.ServiceSummary) string { return *v.Id }, in.NextToken, in.MaxResults)
	return &sd.ListServicesOutput{Services: page, NextToken: next}, err
}

func serviceMatches(v types.Service, filters []types.ServiceFilter) (bool, error) {
	for _, f := range filters {
		var value string
		switch f.Name {
		case types.ServiceFilterNameNamespaceId:
			value = *v.NamespaceId
		case types.ServiceFilterNameResourceOwner:
			value = "SELF"
		default:
			return false, namesInvalid("Invalid filter name: " + string(f.Name))
		}
		wanted := make([]string, len(f.Values))
		for i, w := range f.Values {
			wanted[i] = lastPart(w)
		}
		ok, err := nameMatches(value, f.Condition, wanted)
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *namesService) listInstances(_ context.Context, in *sd.ListInstancesInput) (*sd.ListInstancesOutput, error) {
	v, err := s.service(in.ServiceId)
	if err != nil {
		return nil, err
	}
	all := []types.InstanceSummary{}
	for _, id := range sortedKeys(v.Instances) {
		all = append(all, types.InstanceSummary{Id: aws.String(id), Attributes: v.Instances[id]})
	}
	page, next, err := namesPage(all, func(i types.InstanceSummary) string { return *i.Id }, in.NextToken, in.MaxResults)
	return &sd.ListInstancesOutput{Instances: page, NextToken: next, ResourceOwner: &s.c.opt.Account}, err
}

func (s *namesService) handleNameTags() {
	missing := func(arn *string) error {
		return apiError(400, "ResourceNotFoundException", "Resource not found: "+aws.ToString(arn))
	}
	handle(s.c, func(_ context.Context, in *sd.TagResourceInput) (*sd.TagResourceOutput, error) {
		var fault error
		found := s.editTags(aws.ToString(in.ResourceARN), func(old map[string]string) map[string]string {
			tags, err := namesTags(in.Tags, old)
			if fault = err; err != nil {
				return old
			}
			return tags
		})
		if !found {
			return nil, missing(in.ResourceARN)
		}
		return &sd.TagResourceOutput{}, fault
	})
	handle(s.c, func(_ context.Context, in *sd.UntagResourceInput) (*sd.UntagResourceOutput, error) {
		found := s.editTags(aws.ToString(in.ResourceARN), func(old map[string]string) map[string]string {
			for _, k := range in.TagKeys {
				delete(old, k)
			}
			return old
		})
		if !found {
			return nil, missing(in.ResourceARN)
		}
		return &sd.UntagResourceOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *sd.ListTagsForResourceInput) (*sd.ListTagsForResourceOutput, error) {
		var tags map[string]string
		if n, err := s.space(in.ResourceARN); err == nil {
			tags = n.Tags
		} else if v, ok := s.services.get(lastPart(aws.ToString(in.ResourceARN))); ok {
			tags = v.Tags
		} else {
			return nil, missing(in.ResourceARN)
		}
		return &sd.ListTagsForResourceOutput{Tags: sortedTags(tags, func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })}, nil
	})
}

// namesTags adds tags to those that a resource has.
func namesTags(tags []types.Tag, old map[string]string) (map[string]string, error) {
	ps := pairs(tags, func(t types.Tag) (k, v *string) { return t.Key, t.Value })
	if fault := tagFault(ps); fault != "" {
		return nil, namesInvalid(fault)
	}
	if tooMany(ps, old) {
		return nil, apiError(400, "TooManyTagsException", "The list of tags on the resource is over the limit of 50.")
	}
	return withTags(old, ps), nil
}
