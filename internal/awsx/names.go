package awsx

import "strings"

// Names that both the model gives and the sweeps look for. They contain the
// application and the environment, so that one prefix finds everything of an
// environment where AWS cannot filter by tag.

// ClusterName is the ECS cluster of an environment.
func ClusterName(app, env string) string { return app + "-" + env }

// FamilyPrefix starts the family of every task definition of an environment.
func FamilyPrefix(app, env string) string { return ClusterName(app, env) + "-" }

// LogGroupPrefix starts the name of every log group of an environment.
func LogGroupPrefix(app, env string) string { return "/ecsail/" + app + "/" + env + "/" }

// RepositoryPrefix starts the name of every image repository of an application.
func RepositoryPrefix(app string) string { return app + "/" }

// RolePath is the IAM path of an environment's roles. IAM is global: the region
// keeps the roles of the same environment in two regions apart.
func RolePath(app, env, region string) string {
	return "/" + strings.Join([]string{"ecsail", app, env, region}, "/") + "/"
}

// ServiceID is what Application Auto Scaling calls an ECS service.
func ServiceID(cluster, service string) string { return "service/" + cluster + "/" + service }

// The tags by which resources of ours remember where their DNS records are,
// which cannot be tagged themselves, for the time when no manifest wants them
// any more.
const (
	TagZone   = "ecsail:zone"   // id of the hosted zone
	TagDomain = "ecsail:domain" // the names, separated by spaces; absent when there are too many
)
