package simulator

import (
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// namesService is Cloud Map: the namespaces in which Service Connect registers.
type namesService struct {
	c          *Cloud
	spaces     *table[namespace]
	operations *table[nameOperation]
	services   *table[nameService]
}

// namespace is an HTTP namespace. It exists from Ready on.
type namespace struct {
	Namespace types.Namespace
	Ready     time.Time
	Tags      map[string]string
}

// nameOperation is an asynchronous operation.
type nameOperation struct {
	Operation types.Operation
	Done      time.Time
}

// nameService is a service in a namespace, made by its user or, with an owner,
// by ECS for Service Connect.
type nameService struct {
	Service   types.Service
	Owner     string
	Instances map[string]map[string]string // id to attributes
	Tags      map[string]string
}

// namespaceTime is how long a namespace without DNS takes to be created or
// deleted; no sample is known, it is a few seconds.
const namespaceTime = 3 * time.Second

var namespaceName = regexp.MustCompile(`^[!-~]+$`)

func newNames(c *Cloud) *namesService {
	s := &namesService{c: c, spaces: newTable[namespace](c, "names/namespace"),
		operations: newTable[nameOperation](c, "names/operation"), services: newTable[nameService](c, "names/service")}
	s.handleNamespaces()
	s.handleNamespaceReads()
	s.handleServices()
	s.handleNameTags()
	c.taggers = append(c.taggers, s)
	return s
}

func namesInvalid(msg string) error { return apiError(400, "InvalidInput", msg) }

func (s *namesService) id(prefix string) string {
	return prefix + s.c.pick("abcdefghijklmnopqrstuvwxyz234567", 16)
}

// lastPart is an identifier given as such or as ARN.
func lastPart(idOrARN string) string { return idOrARN[strings.LastIndex(idOrARN, "/")+1:] }

// space finds a namespace that exists by now.
func (s *namesService) space(id *string) (namespace, error) {
	n, ok := s.spaces.get(lastPart(aws.ToString(id)))
	if !ok || s.c.now().Before(n.Ready) || strings.Contains(*id, "/") && *id != *n.Namespace.Arn {
		return namespace{}, apiError(400, "NamespaceNotFound", "No namespace found with id: "+aws.ToString(id))
	}
	n.Namespace.ServiceCount = aws.Int32(int32(len(s.servicesOf(*n.Namespace.Id))))
	return n, nil
}

// namespace finds a namespace by its ARN, or by its name as Service Connect does.
func (s *namesService) namespace(nameOrARN string) (arn, name string, ok bool) {
	if strings.HasPrefix(nameOrARN, "arn:") {
		n, err := s.space(&nameOrARN)
		if err != nil {
			return "", "", false
		}
		return *n.Namespace.Arn, *n.Namespace.Name, true
	}
	for _, n := range s.spaces.all() {
		if *n.Namespace.Name == nameOrARN && !s.c.now().Before(n.Ready) {
			return *n.Namespace.Arn, nameOrARN, true
		}
	}
	return "", "", false
}

// arns reports the tagged namespaces and services for the tagging API.
func (s *namesService) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, n := range s.spaces.all() {
		if len(n.Tags) > 0 && !s.c.now().Before(n.Ready) {
			out[*n.Namespace.Arn] = n.Tags
		}
	}
	for _, v := range s.services.all() {
		if len(v.Tags) > 0 {
			out[*v.Service.Arn] = v.Tags
		}
	}
	return out
}

// tag sets tags on a namespace or service by its ARN.
func (s *namesService) tag(arn string, tags map[string]string) bool {
	return s.editTags(arn, func(old map[string]string) map[string]string { return withTags(old, mapPairs(tags)) })
}

// editTags changes the tags of what has an ARN; false when nothing has it.
func (s *namesService) editTags(arn string, f func(map[string]string) map[string]string) bool {
	if n, err := s.space(&arn); err == nil && *n.Namespace.Arn == arn {
		n.Tags = f(n.Tags)
		s.spaces.put(*n.Namespace.Id, n)
		return true
	}
	if v, ok := s.services.get(lastPart(arn)); ok && *v.Service.Arn == arn {
		v.Tags = f(v.Tags)
		s.saveService(v)
		return true
	}
	return false
}
