// Package awsx holds the AWS clients and what every resource type shares:
// ownership tags, error classes, client-side rate limits, sweeps.
package awsx

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Env is what a resource type's functions may use: one account, one region,
// one environment of one application.
type Env struct {
	App, Name string // application and environment
	Region    string

	EC2     *ec2.Client
	ELB     *elb.Client
	ECS     *ecs.Client
	ECR     *ecr.Client
	IAM     *iam.Client
	STS     *sts.Client
	Logs    *logs.Client
	AAS     *aas.Client
	SD      *sd.Client
	ACM     *acm.Client
	Route53 *route53.Client
	SSM     *ssm.Client
	Tagging *tagging.Client
	Secrets *secretsmanager.Client

	// listeners guards rule priorities, one holder per listener at a time.
	listeners keyedLock
	// memory is behind Memory.
	memory sync.Map
}

// NewEnv builds the clients. cfg should come from Config, which adds retries
// and rate limits.
func NewEnv(cfg aws.Config, app, env string) *Env {
	return &Env{
		App: app, Name: env, Region: cfg.Region,
		EC2: ec2.NewFromConfig(cfg), ELB: elb.NewFromConfig(cfg), ECS: ecs.NewFromConfig(cfg),
		ECR: ecr.NewFromConfig(cfg), IAM: iam.NewFromConfig(cfg), STS: sts.NewFromConfig(cfg),
		Logs: logs.NewFromConfig(cfg), AAS: aas.NewFromConfig(cfg), SD: sd.NewFromConfig(cfg),
		ACM: acm.NewFromConfig(cfg), Route53: route53.NewFromConfig(cfg), SSM: ssm.NewFromConfig(cfg),
		Tagging: tagging.NewFromConfig(cfg), Secrets: secretsmanager.NewFromConfig(cfg),
	}
}
