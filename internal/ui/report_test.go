package ui

import (
	"bytes"
	"testing"
	"time"

	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/engine"
)

func TestShortfall(t *testing.T) {
	step := func(id int, a engine.Action, addr string) *engine.Step {
		return &engine.Step{ID: id, Action: a, Addr: "Role/" + "x", Cause: addr}
	}
	r := Report{Done: 3, Took: time.Minute,
		Failed:  []Outcome{{Step: step(1, engine.Create, ""), Why: "AccessDenied: not allowed\nto do that"}},
		Skipped: []Outcome{{Step: step(2, engine.Create, ""), Why: "Role/x failed"}, {Step: step(3, engine.Delete, ""), Why: "Role/x failed"}},
		Left:    []*engine.Step{step(4, engine.Update, "")},
	}
	var b bytes.Buffer
	Shortfall(&b, Theme{}, r)
	golden(t, "shortfall", b.Bytes())
}

func TestStatusTable(t *testing.T) {
	s := Status{App: "shop", Env: "dev", URL: "http://shop.example.com", Lease: "ann on laptop since 2025-06-01 12:00:00 UTC (ecsail up)", Services: []ServiceStatus{
		{Name: "api", Desired: 2, Running: 1, Pending: 1, Image: "ghcr.io/acme/api@sha256:" + string(bytes.Repeat([]byte("0"), 64)), Revision: "shop-dev-api:7",
			Deployment: Deployment{State: "IN_PROGRESS", Reason: "ECS deployment in progress; has started 1 task"}},
		{Name: "web", Desired: 2, Running: 2, Healthy: 2, Image: "web:1", Revision: "shop-dev-web:3", Deployment: Deployment{State: "COMPLETED"}, URL: "http://shop.example.com"},
	}}
	var b bytes.Buffer
	StatusTable(&b, Theme{}, header(), s)
	golden(t, "status", b.Bytes())
}

func TestProblemsReadAsThePlainRendererDoes(t *testing.T) {
	list := diag.List{
		{File: "ecsail.yaml", Line: 12, Column: 10, Path: "services.web.cpu", Message: "300 is no size", Fix: "use 256\nor 512", Source: "    cpu: 300", Width: 3},
		{Severity: diag.Warning, Message: "no TLS"},
	}
	var plain, ours bytes.Buffer
	if err := diag.Render(&plain, list); err != nil {
		t.Fatal(err)
	}
	Problems(&ours, Theme{}, list)
	if plain.String() != ours.String() {
		t.Errorf("got\n%s\nwant\n%s", ours.String(), plain.String())
	}
	var coloured bytes.Buffer
	Problems(&coloured, NewTheme(&coloured, true), list)
	if stripped(coloured.String()) != plain.String() {
		t.Errorf("without its colours:\n%s", stripped(coloured.String()))
	}
}
