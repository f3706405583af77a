package tasks

import (
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
)

// The reasons of stopped containers. The first is ECS's, see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html
const (
	reasonMemory  = "OutOfMemoryError: Container killed due to memory usage"
	reasonGone    = "the container is gone: it was removed from outside, or the container engine was reset"
	reasonNever   = "the container was never created: the process that started the task has ended"
	reasonSevered = "the task's network ended: its pause container was stopped from outside, or the container engine was restarted"
)

// fault is why a task cannot start, in ECS's words, see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
type fault struct {
	text string
	err  error
}

func (f *fault) Error() string { return f.text }

func (f *fault) Unwrap() error { return f.err }

// cannotPull has the form of
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
func cannotPull(image string, retries int, err error) error {
	return &fault{fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried %d time(s): failed to resolve ref %s: %s", retries, image, words(err)), err}
}

func cannotCreate(err error) error {
	return &fault{"CannotCreateContainerError: " + words(err), err}
}

func cannotStart(err error) error {
	return &fault{"CannotStartContainerError: " + words(err), err}
}

// cannotInitialize is about what a task needs before its containers, see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html
func cannotInitialize(err error) error {
	return &fault{"ResourceInitializationError: " + words(err), err}
}

// words are the engine's own, without what its client puts in front, in one
// line.
func words(err error) string {
	text := strings.TrimPrefix(err.Error(), "Error response from daemon: ")
	return strings.Join(strings.Fields(text), " ")
}

// faultText is the text of a fault; any other error is one of the start.
func faultText(err error) string {
	var f *fault
	if errors.As(err, &f) {
		return f.text
	}
	return "CannotStartContainerError: " + words(err)
}

// passing are the signs of a failure that may pass: the registry or the way to
// it had a bad moment. Anything else is final.
var passing = []string{"timeout", "timed out", "connection reset", "connection refused", "unexpected eof", ": eof", "tls handshake", "temporary failure",
	"too many requests", "toomanyrequests", "502 bad gateway", "503 service unavailable", "504 gateway", "500 internal server error", "i/o error"}

// mayPass reports whether a failed pull is worth another try.
func mayPass(err error) bool {
	if errdefs.IsNotFound(err) || errdefs.IsUnauthorized(err) || errdefs.IsPermissionDenied(err) || errdefs.IsInvalidArgument(err) {
		return false
	}
	text := strings.ToLower(err.Error())
	for _, sign := range passing {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
