package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmw "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// This file lets an account be used by another process of this program: the
// SDK's typed inputs and outputs go over HTTP as JSON. It is no AWS protocol:
// both sides are the same build.

// remoteCall is a call on its way.
type remoteCall struct {
	Service, Op, Region string
	Type                string // of the input, such as ecs.RunTaskInput
	Input               json.RawMessage
}

// remoteAnswer is its answer: an output or an error of AWS's.
type remoteAnswer struct {
	Output json.RawMessage `json:",omitempty"`
	Error  *remoteError    `json:",omitempty"`
}

type remoteError struct {
	Status        int // of HTTP; 0: not AWS's
	Code, Message string
}

// operation is what is registered for an input's type.
type operation struct {
	input, output reflect.Type
}

// ServeHTTP answers the calls of Remote configurations.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in remoteCall
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	op, ok := c.operations[in.Type]
	if !ok {
		writeAnswer(w, nil, apiError(501, "NotImplemented", fmt.Sprintf("the embedded AWS does not answer %s %s", in.Service, in.Op)))
		return
	}
	value := reflect.New(op.input)
	if err := json.Unmarshal(in.Input, value.Interface()); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out, err := c.do(r.Context(), Call{Service: in.Service, Op: in.Op, Region: in.Region}, value.Interface())
	writeAnswer(w, out, err)
}

func writeAnswer(w http.ResponseWriter, out any, err error) {
	var a remoteAnswer
	if err != nil {
		a.Error = &remoteError{Message: err.Error()}
		var res *awshttp.ResponseError
		var api smithy.APIError
		if errors.As(err, &res) && errors.As(err, &api) {
			*a.Error = remoteError{Status: res.HTTPStatusCode(), Code: api.ErrorCode(), Message: api.ErrorMessage()}
		}
	} else if a.Output, err = json.Marshal(out); err != nil {
		a.Error = &remoteError{Message: err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // who asked sees a broken answer
}

// Remote returns an SDK configuration whose calls the account of another process
// answers, over a client that reaches its ServeHTTP whatever the address.
func Remote(region string, client *http.Client) (aws.Config, error) {
	types, err := New(Options{}) // knows the operations; nothing is asked of it
	if err != nil {
		return aws.Config{}, err
	}
	far := &remote{client: client, operations: types.operations}
	return hooked(region, far.call), nil
}

type remote struct {
	client     *http.Client
	operations map[string]operation
}

func (f *remote) call(ctx context.Context, in any) (any, error) {
	kind := reflect.TypeOf(in).Elem().String()
	op, ok := f.operations[kind]
	if !ok {
		return nil, apiError(501, "NotImplemented", fmt.Sprintf("the embedded AWS does not answer %s %s", awsmw.GetServiceID(ctx), awsmw.GetOperationName(ctx)))
	}
	data, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode the call: %w", err)
	}
	body, err := json.Marshal(remoteCall{awsmw.GetServiceID(ctx), awsmw.GetOperationName(ctx), awsmw.GetRegion(ctx), kind, data})
	if err != nil {
		return nil, fmt.Errorf("encode the call: %w", err)
	}
	a, err := f.send(ctx, body)
	switch {
	case err != nil:
		return nil, err
	case a.Error != nil && a.Error.Status != 0:
		return nil, apiError(a.Error.Status, a.Error.Code, a.Error.Message)
	case a.Error != nil:
		return nil, errors.New(a.Error.Message)
	}
	out := reflect.New(op.output)
	if err := json.Unmarshal(a.Output, out.Interface()); err != nil {
		return nil, fmt.Errorf("decode the answer: %w", err)
	}
	return out.Interface(), nil
}

func (f *remote) send(ctx context.Context, body []byte) (a remoteAnswer, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://region/aws", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	res, err := f.client.Do(req)
	if err != nil {
		return a, fmt.Errorf("the local region does not answer: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000)) // best effort: the status alone says enough
		return a, fmt.Errorf("the local region answered %s: %s", res.Status, text)
	}
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return a, fmt.Errorf("the local region does not answer: %w", err)
	}
	return a, nil
}
