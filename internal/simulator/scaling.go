package simulator

import (
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// scalingService is Application Auto Scaling, for ECS services.
type scalingService struct {
	c          *Cloud
	targets    *table[scalableTarget]        // by resource id
	policies   *table[types.ScalingPolicy]   // by resource id|name
	actions    *table[types.ScheduledAction] // by resource id|name
	activities *table[types.ScalingActivity] // newest first
	open       *table[string]                // key of the activity that is in progress, by resource id
	tracks     *table[trackState]            // by resource id
}

type scalableTarget struct {
	Target types.ScalableTarget
	Tags   map[string]string
}

// scalingDimension is the only one that ECS has.
const scalingDimension = types.ScalableDimensionECSServiceDesiredCount

// boundsDelay is how long a desired count set by hand stays outside the bounds;
// AWS corrects it with the next evaluation of the metrics, which come by the
// minute.
const boundsDelay = time.Minute

var (
	scalableID = regexp.MustCompile(`^service/([a-zA-Z0-9_-]{1,255})/([a-zA-Z0-9_-]{1,255})$`)
	printable  = regexp.MustCompile(`^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]+$`)
)

func newScaling(c *Cloud) *scalingService {
	s := &scalingService{c: c, targets: newTable[scalableTarget](c, "scaling/target"), policies: newTable[types.ScalingPolicy](c, "scaling/policy"),
		actions: newTable[types.ScheduledAction](c, "scaling/action"), activities: newTable[types.ScalingActivity](c, "scaling/activity"),
		open: newTable[string](c, "scaling/open"), tracks: newTable[trackState](c, "scaling/track")}
	s.handleTargets()
	s.handlePolicies()
	s.handleActions()
	s.handleScalingTags()
	c.ecs.agenda.on("bounds", s.enforce)
	c.ecs.agenda.on("action", s.act)
	s.startTracking()
	c.taggers = append(c.taggers, s)
	return s
}

func scalingInvalid(format string, args ...any) error {
	return apiError(400, "ValidationException", fmt.Sprintf(format, args...))
}

func scalingMissing(format string, args ...any) error {
	return apiError(400, "ObjectNotFoundException", fmt.Sprintf(format, args...))
}

// scope checks the three attributes that every operation names a target by.
func scope(ns types.ServiceNamespace, id *string, dim types.ScalableDimension) error {
	var b breaches
	oneOf(&b, "serviceNamespace", ns, ns.Values())
	oneOf(&b, "scalableDimension", dim, dim.Values())
	b.length("resourceId", id, 1, 1600)
	if err := b.err("ValidationException"); err != nil {
		return err
	}
	switch {
	case ns != types.ServiceNamespaceEcs:
		return scalingInvalid("The embedded AWS scales the service namespace ecs only, not %s", ns)
	case dim != "" && dim != scalingDimension:
		return scalingInvalid("Unsupported service namespace, resource type or scalable dimension: %s, %s", ns, dim)
	case id != nil && !scalableID.MatchString(*id):
		return scalingInvalid("Unsupported service namespace, resource type or scalable dimension: invalid resource ID %s", *id)
	}
	return nil
}

// target finds a registered target, or answers as AWS.
func (s *scalingService) target(id *string) (scalableTarget, error) {
	t, ok := s.targets.get(aws.ToString(id))
	if !ok {
		return t, scalingMissing("No scalable target registered for service namespace: ecs, resource ID: %s, scalable dimension: %s", aws.ToString(id), scalingDimension)
	}
	return t, nil
}

func scaledService(id string) (cluster, service string) {
	m := scalableID.FindStringSubmatch(id)
	if m == nil {
		return "", ""
	}
	return m[1], m[2]
}

// enforce moves a service's desired count into the bounds of its target.
func (s *scalingService) enforce(id string) {
	t, ok := s.targets.get(id)
	if !ok {
		return
	}
	desired, ok := s.c.ecs.desired(scaledService(id))
	least, most := aws.ToInt32(t.Target.MinCapacity), aws.ToInt32(t.Target.MaxCapacity)
	switch {
	case !ok:
	case desired < least:
		s.scale(id, least, fmt.Sprintf("minimum capacity was set to %d", least))
	case desired > most:
		s.scale(id, most, fmt.Sprintf("maximum capacity was set to %d", most))
	}
}

// desiredChanged is told when somebody set a desired count by hand.
func (s *scalingService) desiredChanged(cluster, service string) {
	id := "service/" + cluster + "/" + service
	if s.targets.has(id) {
		desired, _ := s.c.ecs.desired(cluster, service)
		s.override(id, desired)
		s.c.ecs.agenda.set("bounds", id, s.c.now().Add(s.c.lag(boundsDelay)))
	}
}

// serviceGone deregisters the target of a service that has ended.
func (s *scalingService) serviceGone(cluster, service string) {
	if id := "service/" + cluster + "/" + service; s.targets.has(id) {
		s.deregister(id)
	}
}

// scalingPage cuts a page by Application Auto Scaling's rules.
func scalingPage[T any](items []T, key func(T) string, token *string, size *int32, most int32) (page []T, next *string, err error) {
	var b breaches
	b.between("maxResults", size, 1, most)
	if err := b.err("ValidationException"); err != nil {
		return nil, nil, err
	}
	page, next, ok := window(items, key, token, sizeOr(size, int(most)))
	if !ok {
		return nil, nil, apiError(400, "InvalidNextTokenException", "Invalid next token")
	}
	return page, next, nil
}

// arns reports the tagged targets for the tagging API.
func (s *scalingService) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, t := range s.targets.all() {
		if len(t.Tags) > 0 {
			out[*t.Target.ScalableTargetARN] = t.Tags
		}
	}
	return out
}

// tag sets tags on a target by its ARN.
func (s *scalingService) tag(arn string, tags map[string]string) bool {
	for id, t := range s.targets.all() {
		if *t.Target.ScalableTargetARN == arn {
			t.Tags = withTags(t.Tags, mapPairs(tags))
			s.targets.put(id, t)
			return true
		}
	}
	return false
}
