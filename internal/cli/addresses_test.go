package cli

import (
	"testing"

	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/model"
)

func TestServiceURL(t *testing.T) {
	plain := &manifest.Manifest{}
	domain := &manifest.Manifest{Domain: &manifest.Domain{Name: "shop.example.com"}}
	for _, c := range []struct {
		m     *manifest.Manifest
		dns   string
		route []manifest.Route
		want  string
	}{
		{plain, "lb", nil, ""},
		{plain, "", []manifest.Route{{Paths: []string{"/"}}}, ""},
		{plain, "lb", []manifest.Route{{Paths: []string{"/"}}}, "http://lb"},
		{plain, "lb", []manifest.Route{{Paths: []string{"/api/*"}}}, "http://lb/api"},
		{domain, "lb", []manifest.Route{{Paths: []string{"/"}}}, "https://shop.example.com"},
		{domain, "lb", []manifest.Route{{Hosts: []string{"admin.shop.example.com"}}}, "https://admin.shop.example.com"},
	} {
		if got := serviceURL(&manifest.Service{Routes: c.route}, model.URL(c.m, c.dns)); got != c.want {
			t.Errorf("%+v: %q, want %q", c.route, got, c.want)
		}
	}
}
