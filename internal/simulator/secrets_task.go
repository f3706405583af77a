package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

// This file is how containers get their secrets:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html

// value is what a container's valueFrom stands for: an ARN, or an ARN with a JSON
// key, a staging label and a version id, of which the last ones may be empty.
// Errors are in the words of Amazon ECS.
func (s *secretsService) value(ref string) (string, error) {
	fields := strings.Split(ref, ":")
	if len(fields) != 7 && len(fields) != 10 {
		return "", errors.New("unexpected ARN format with parameters when trying to retrieve ASM secret")
	}
	arn, key, stage, id := strings.Join(fields[:7], ":"), "", "", ""
	if len(fields) == 10 {
		key, stage, id = fields[7], fields[8], fields[9]
	}
	text, err := s.text(arn, regionOf(arn), stage, id)
	if err != nil || key == "" {
		return text, err
	}
	members := map[string]any{}
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return "", err
	}
	member, ok := members[key]
	if !ok {
		return "", fmt.Errorf("retrieved secret from Secrets Manager did not contain json key %s", key)
	}
	return fmt.Sprint(member), nil
}

// text is a secret's value in its own region.
func (s *secretsService) text(arn, region, stage, id string) (text string, err error) {
	s.c.ecs.inRegion(region, func() {
		var v secret
		var n secretVersion
		if v, err = s.usable(&arn); err == nil {
			if n, err = v.pick(stage, id); err == nil {
				s.touch(v)
			}
		}
		text = aws.ToString(n.Text)
	})
	if err != nil {
		code, message := faultOf(err)
		return "", fmt.Errorf("failed to fetch secret %s from secrets manager: %s: %s", arn, code, message)
	}
	return text, nil
}

// faultOf is the code and the message of one of AWS's errors.
func faultOf(err error) (code, message string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), api.ErrorMessage()
	}
	return "InternalServiceError", err.Error()
}

// isASM tells a secret of Secrets Manager from a parameter.
func isASM(ref string) bool { return strings.Contains(ref, ":secretsmanager:") }

// secretFault wants the secrets and the parameters to be there that containers
// are given. The words are those of Fargate's agent.
func (s *ecsService) secretFault(_ ecsTask, d ecstypes.TaskDefinition) (fault string, wait time.Duration) {
	const failed = registryAuth + "execution resource retrieval failed: unable to retrieve "
	for _, c := range d.ContainerDefinitions {
		for _, e := range c.Secrets {
			if !isASM(*e.ValueFrom) {
				if _, _, _, err := s.c.ssm.find(*e.ValueFrom); err != nil {
					return failed + "secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: " + *e.ValueFrom, pullFaultTime
				}
			} else if _, err := s.c.secrets.value(*e.ValueFrom); err != nil {
				return failed + "secret from asm: service call has been retried 1 time(s): " + err.Error(), pullFaultTime
			}
		}
	}
	return "", 0
}

// secretValues resolves the secrets of a task's containers, by container and
// variable. What is not there any more is left out; a start was refused then.
func (s *ecsService) secretValues(d ecstypes.TaskDefinition) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, c := range d.ContainerDefinitions {
		for _, e := range c.Secrets {
			value, ok := s.secretValue(*e.ValueFrom)
			if !ok {
				continue
			}
			if out[*c.Name] == nil {
				out[*c.Name] = map[string]string{}
			}
			out[*c.Name][*e.Name] = value
		}
	}
	return out
}

func (s *ecsService) secretValue(ref string) (string, bool) {
	if isASM(ref) {
		value, err := s.c.secrets.value(ref)
		return value, err == nil
	}
	_, v, _, err := s.c.ssm.find(ref)
	return v.Value, err == nil
}
