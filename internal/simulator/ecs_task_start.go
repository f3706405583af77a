package simulator

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// startFault says why a task cannot start, in the words of
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
// and after how long that shows.
func (s *ecsService) startFault(t ecsTask, d ecstypes.TaskDefinition) (fault string, wait time.Duration) {
	for _, check := range []func(ecsTask, ecstypes.TaskDefinition) (string, time.Duration){s.roleFault, s.networkFault, s.secretFault, s.imageFault, s.logGroupFault} {
		if fault, wait = check(t, d); fault != "" {
			return fault, wait
		}
	}
	return "", 0
}

const registryAuth = "ResourceInitializationError: unable to pull secrets or registry auth: "

// roleFault wants the execution role to be there, to be usable by now and to
// allow what the task's start needs.
func (s *ecsService) roleFault(_ ecsTask, d ecstypes.TaskDefinition) (string, time.Duration) {
	for _, arn := range []*string{d.ExecutionRoleArn, d.TaskRoleArn} {
		exists, usable := s.c.iam.roleState(aws.ToString(arn))
		switch {
		case arn == nil:
		case exists && !usable:
			return registryAuth + "execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): AccessDeniedException: role " + *arn + " cannot be assumed yet", pullFaultTime
		case !s.c.iam.assumable(arn, "ecs-tasks.amazonaws.com"):
			return "ECS was unable to assume the role '" + *arn + "' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.", pullFaultTime
		}
	}
	for _, need := range s.needs(d) {
		if d.ExecutionRoleArn != nil && !s.c.iam.allows(*d.ExecutionRoleArn, need.action) {
			return fmt.Sprintf("%sAccessDeniedException: User: %s is not authorized to perform: %s", need.prefix, *d.ExecutionRoleArn, need.action), pullFaultTime
		}
	}
	return "", 0
}

type startNeed struct{ action, prefix string }

// needs are the permissions that the execution role must give.
func (s *ecsService) needs(d ecstypes.TaskDefinition) []startNeed {
	var out []startNeed
	for _, c := range d.ContainerDefinitions {
		if privateECR.MatchString(*c.Image) {
			auth := registryAuth + "execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): "
			out = append(out, startNeed{"ecr:GetAuthorizationToken", auth},
				startNeed{"ecr:BatchGetImage", "CannotPullContainerError: pull access denied for " + *c.Image + ": "})
		}
		if l := c.LogConfiguration; l != nil && l.LogDriver == ecstypes.LogDriverAwslogs {
			out = append(out, startNeed{"logs:CreateLogStream", "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: "})
		}
		for _, e := range c.Secrets {
			from := registryAuth + "execution resource retrieval failed: unable to retrieve secret from "
			if strings.Contains(*e.ValueFrom, ":secretsmanager:") {
				out = append(out, startNeed{"secretsmanager:GetSecretValue", from + "asm: service call has been retried 1 time(s): "})
			} else {
				out = append(out, startNeed{"ssm:GetParameters", from + "ssm: service call has been retried 1 time(s): "})
			}
		}
	}
	return out
}

// online reports whether a task reaches the internet: through a NAT gateway,
// or with a public address of its own.
func (s *ecsService) online(t ecsTask) bool {
	if s.c.ec2.subnetHasIGWRoute(t.Subnet) {
		return t.Plan.Network.AssignPublicIp == ecstypes.AssignPublicIpEnabled
	}
	return s.c.ec2.subnetInternet(t.Subnet)
}

// reaches reports whether a task reaches an AWS service, over the internet or
// through an endpoint of its VPC.
func (s *ecsService) reaches(t ecsTask, service string) bool {
	if s.online(t) {
		return true
	}
	vpc, _, _ := s.c.ec2.vpcOf(t.Subnet)
	for _, e := range s.c.ec2.liveEndpoints() {
		if e.VPC == vpc && strings.HasSuffix(e.Service, "."+service) && s.c.ec2.endpointState(e) == "available" &&
			(e.Type == types.VpcEndpointTypeGateway || e.PrivateDNS) {
			return true
		}
	}
	return false
}

// networkFault wants a way to each registry and, for logs, to CloudWatch Logs.
func (s *ecsService) networkFault(t ecsTask, d ecstypes.TaskDefinition) (string, time.Duration) {
	for _, c := range d.ContainerDefinitions {
		if !privateECR.MatchString(*c.Image) {
			if !s.online(t) {
				return fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref %s: failed to do request: Head \"https://%s\": dial tcp: i/o timeout", *c.Image, registryOf(*c.Image)), timeoutTime
			}
			continue
		}
		if !s.reaches(t, "ecr.api") {
			return fmt.Sprintf("%sThe task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post \"https://api.ecr.%s.amazonaws.com/\": dial tcp: i/o timeout", registryAuth, s.c.region), timeoutTime
		}
		if !s.reaches(t, "ecr.dkr") || !s.reaches(t, "s3") {
			return fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to do request: Head \"https://%s\": dial tcp: i/o timeout", *c.Image), timeoutTime
		}
	}
	for _, c := range d.ContainerDefinitions {
		if l := c.LogConfiguration; l != nil && l.LogDriver == ecstypes.LogDriverAwslogs && !s.reaches(t, "logs") {
			return "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed", timeoutTime
		}
	}
	return "", 0
}

// registryOf is the host that an image reference is pulled from.
func registryOf(image string) string {
	host, _, ok := strings.Cut(image, "/")
	if !ok || !strings.ContainsAny(host, ".:") {
		return "registry-1.docker.io"
	}
	return host
}

// imageFault wants images of the account's own repositories to be there.
func (s *ecsService) imageFault(_ ecsTask, d ecstypes.TaskDefinition) (string, time.Duration) {
	for _, c := range d.ContainerDefinitions {
		if strings.HasPrefix(*c.Image, s.c.opt.Account+".dkr.ecr.") && !s.c.ecr.imageExists(*c.Image) {
			return fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref %s: %s: not found", *c.Image, *c.Image), pullFaultTime
		}
	}
	return "", 0
}

// logGroupFault wants the log groups to exist, unless the log driver may make
// them.
func (s *ecsService) logGroupFault(_ ecsTask, d ecstypes.TaskDefinition) (string, time.Duration) {
	for _, c := range d.ContainerDefinitions {
		l := c.LogConfiguration
		if l == nil || l.LogDriver != ecstypes.LogDriverAwslogs {
			continue
		}
		missing := false
		s.inRegion(l.Options["awslogs-region"], func() { missing = !s.c.logs.groupExists(l.Options["awslogs-group"]) })
		if missing && l.Options["awslogs-create-group"] != "true" {
			return "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1", pullFaultTime
		}
	}
	return "", 0
}
