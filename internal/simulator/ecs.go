package simulator

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsService is the Elastic Container Service on Fargate: clusters, task
// definitions, services and tasks, and the scheduler that moves them.
type ecsService struct {
	c           *Cloud
	agenda      *agenda
	clusters    *table[ecsCluster]
	families    *table[int32]      // last revision of each family
	definitions *table[ecsTaskDef] // by family:revision
	services    *table[ecsUnit]    // by cluster/name
	events      *table[[]types.ServiceEvent]
	deployments *table[types.ServiceDeployment] // by ARN
	revisions   *table[types.ServiceRevision]   // by ARN
	tasks       *table[ecsTask]                 // by cluster/id
	tokens      *table[[]string]                // client token of RunTask to tasks
	logged      *table[time.Time]               // last line taken, by task ARN|container
}

func newECS(c *Cloud) *ecsService {
	s := &ecsService{c: c, agenda: newAgenda(c),
		clusters: newTable[ecsCluster](c, "ecs/cluster"), families: newTable[int32](c, "ecs/family"),
		definitions: newTable[ecsTaskDef](c, "ecs/taskdef"), services: newTable[ecsUnit](c, "ecs/service"),
		events: newTable[[]types.ServiceEvent](c, "ecs/event"), deployments: newTable[types.ServiceDeployment](c, "ecs/deployment"),
		revisions: newTable[types.ServiceRevision](c, "ecs/revision"), tasks: newTable[ecsTask](c, "ecs/task"), tokens: newTable[[]string](c, "ecs/token"),
		logged: newTable[time.Time](c, "ecs/logged")}
	s.handleClusters()
	s.handleDefinitions()
	s.handleServices()
	s.handleServiceDeployments()
	s.handleTasks()
	s.handleExec()
	s.handleECSTags()
	s.agenda.on("task", s.stepTask)
	s.agenda.onLook("look", s.stepTask)
	s.agenda.on("service", s.stepService)
	s.agenda.onLook("watch", s.stepService)
	s.agenda.on("forget", s.forget)
	c.tickers = append(c.tickers, s.agenda.tick)
	c.taggers = append(c.taggers, s)
	return s
}

func ecsInvalid(format string, args ...any) error {
	return apiError(400, "InvalidParameterException", fmt.Sprintf(format, args...))
}

func ecsClient(format string, args ...any) error {
	return apiError(400, "ClientException", fmt.Sprintf(format, args...))
}

// ecsName is the form of cluster, service and family names.
var ecsName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`)

func (s *ecsService) arn(kind, rest string) string { return s.c.arn("ecs", s.c.region, kind+"/"+rest) }

// tailOf is what follows kind/ in an ARN, or the value itself when it is none.
func tailOf(kind, idOrARN string) string {
	if _, tail, ok := strings.Cut(idOrARN, ":"+kind+"/"); ok {
		return tail
	}
	return idOrARN
}

// ecsPage cuts a page by ECS's rules: at most 100.
func ecsPage(arns []string, token *string, size *int32, def int) (page []string, next *string, err error) {
	if size != nil && (*size < 1 || *size > 100) {
		return nil, nil, ecsInvalid("maxResults must be between 1 and 100")
	}
	page, next, ok := window(arns, self, token, sizeOr(size, def))
	if !ok {
		return nil, nil, ecsInvalid("Invalid token")
	}
	return append([]string{}, page...), next, nil
}

func ecsTag(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} }

// ecsTags adds tags to those a resource has.
func ecsTags(tags []types.Tag, old map[string]string) (map[string]string, error) {
	ps := pairs(tags, func(t types.Tag) (k, v *string) { return t.Key, t.Value })
	if fault := tagFault(ps); fault != "" {
		return nil, ecsInvalid("%s", fault)
	}
	if tooMany(ps, old) {
		return nil, ecsInvalid("Tags can not have more than 50 elements.")
	}
	return withTags(old, ps), nil
}

func missing(arn string) types.Failure {
	return types.Failure{Arn: &arn, Reason: aws.String("MISSING")}
}
