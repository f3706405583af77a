package awsx

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Shell is a session that ECS Exec has opened in a container. Its token is a
// secret while the session lasts.
type Shell struct {
	ID, Stream, Token string
	Target            string // what Session Manager calls the container
}

// OpenShell starts a command in a container of a task, which waits for a client
// of Session Manager. AWS knows interactive sessions only:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommand.html
func (e *Env) OpenShell(ctx context.Context, t Task, container, command string) (Shell, error) {
	cluster := ClusterName(e.App, e.Name)
	out, err := e.ECS.ExecuteCommand(ctx, &ecs.ExecuteCommandInput{Cluster: &cluster, Task: &t.ARN, Container: &container, Command: &command, Interactive: true})
	if err != nil {
		return Shell{}, err
	}
	c, _ := t.Container(container)
	return Shell{
		ID: aws.ToString(out.Session.SessionId), Stream: aws.ToString(out.Session.StreamUrl), Token: aws.ToString(out.Session.TokenValue),
		Target: fmt.Sprintf("ecs:%s_%s_%s", cluster, t.ID, c.Runtime),
	}, nil
}

// Response is the session as session-manager-plugin reads it.
func (s Shell) Response() (string, error) {
	return text(struct{ SessionId, TokenValue, StreamUrl string }{s.ID, s.Token, s.Stream})
}

// Request is what the plugin is told that Session Manager was asked for.
func (s Shell) Request() (string, error) { return text(struct{ Target string }{s.Target}) }

func text(v any) (string, error) {
	doc, err := json.Marshal(v)
	return string(doc), err
}

// SessionEndpoint is the URL of Systems Manager, with which the plugin resumes
// and ends sessions.
func (e *Env) SessionEndpoint(ctx context.Context) (string, error) {
	if own := e.SSM.Options().BaseEndpoint; own != nil {
		return *own, nil
	}
	at, err := ssm.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, ssm.EndpointParameters{Region: &e.Region})
	if err != nil {
		return "", fmt.Errorf("find the endpoint of Systems Manager: %w", err)
	}
	return at.URI.String(), nil
}
