package model

import (
	"fmt"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/resource"
)

// scaling declares the bounds of the desired count, a policy per metric and the
// scheduled changes of the bounds.
func (c *compiler) scaling(s *manifest.Service, service resources.ServiceOut, targets []target) {
	sc := s.Scale
	if sc == nil {
		return
	}
	bounds := resources.ScalableTargets.Add(c.g, s.Name, resources.ScalableTarget{Resource: service.ID, Min: int32(sc.Min), Max: int32(sc.Max)})
	add := func(metric string, value float64, label resource.Text) {
		if value == 0 {
			return
		}
		name := s.Name + "-" + metric
		resources.ScalingPolicies.Add(c.g, name, resources.ScalingPolicy{
			Name: name, Resource: bounds.Resource, Metric: metric, Target: value, Label: label,
			In: int32(sc.In.Seconds()), Out: int32(sc.Out.Seconds()),
			Cluster: awsx.ClusterName(c.m.App, c.m.Env), Service: s.Name,
		})
	}
	add("cpu", float64(sc.CPU), resource.Text{})
	add("memory", float64(sc.Memory), resource.Text{})
	add("network", float64(sc.Network), resource.Text{})
	if sc.Requests > 0 && len(targets) > 0 {
		add("requests", float64(sc.Requests), resource.Join(c.lb.label, "/", targets[0].out.Label))
	}
	for i, e := range sc.Schedule {
		name := fmt.Sprintf("%s-schedule-%d", s.Name, i+1)
		resources.ScheduledActions.Add(c.g, name, resources.ScheduledAction{
			Name: name, Resource: bounds.Resource, Schedule: e.Cron, Timezone: e.Timezone, Min: int32(e.Min), Max: int32(e.Max),
		})
	}
}
