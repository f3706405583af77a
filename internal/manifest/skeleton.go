package manifest

import (
	"fmt"
	"strings"
)

// plainScalar needs no quotes in YAML, words that mean something else apart.
var plainScalar = pattern(`^[A-Za-z./][A-Za-z0-9_./@-]*(:[A-Za-z0-9_./@-]+)*$`)

// SkeletonService is what is known of a service when its manifest is first written.
type SkeletonService struct {
	Name       string
	Build      string // context directory; Image instead when empty
	Dockerfile string // only when it is not called Dockerfile
	Image      string
	Port       int    // 0: none, a worker
	Route      string // path; empty: private
	Health     string // path; empty: the default
	Env        map[string]string
	Calls      []string
}

// Skeleton writes a first manifest: valid, small, and with the next steps as
// comments.
func Skeleton(app string, services []SkeletonService) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# yaml-language-server: $schema=%s\n", SchemaURL)
	b.WriteString("# Next: `ecsail check`, `ecsail plan`, `ecsail up`. Every key: docs/manifest.md.\n")
	fmt.Fprintf(&b, "app: %s\n", scalar(app))
	b.WriteString(`# region: eu-west-1            # default: the AWS configuration's

# environments:                # overlays, chosen with -e; without any: dev
#   dev: {}
#   prod:
#     network: {nat: per-zone}

# domain:                      # TLS: port 443, and 80 redirects to it
#   name: app.example.com
#   zone: example.com

# defaults:                    # under every service
#   arch: arm64                # a fifth cheaper, if the images are built for it

services:
`)
	for _, s := range services {
		s.write(&b)
	}
	if len(services) == 0 {
		SkeletonService{Name: "web", Image: "public.ecr.aws/nginx/nginx:1.27", Port: 80, Route: "/"}.write(&b)
	}
	return []byte(b.String())
}

// write adds one service.
func (s SkeletonService) write(b *strings.Builder) {
	fmt.Fprintf(b, "  %s:\n", scalar(s.Name))
	switch {
	case s.Build != "" && s.Dockerfile != "":
		fmt.Fprintf(b, "    build: {context: %s, dockerfile: %s}\n", scalar(s.Build), scalar(s.Dockerfile))
	case s.Build != "":
		fmt.Fprintf(b, "    build: %s\n", scalar(s.Build))
	default:
		fmt.Fprintf(b, "    image: %s\n", scalar(s.Image))
	}
	if s.Port != 0 {
		fmt.Fprintf(b, "    port: %d\n", s.Port)
	}
	if s.Route != "" {
		fmt.Fprintf(b, "    route: %s\n", scalar(s.Route))
	}
	if s.Health != "" {
		fmt.Fprintf(b, "    health: %s\n", scalar(s.Health))
	} else if s.Route != "" {
		b.WriteString("    # health: /healthz         # default: / must answer 200 to 399\n")
	}
	s.writeLists(b)
	b.WriteString("    # cpu: 256                 # with memory: 512; 1024 units are one vCPU\n")
	b.WriteString("    # scale: {min: 2, max: 10, cpu: 60}\n")
}

// writeLists adds environment and calls.
func (s SkeletonService) writeLists(b *strings.Builder) {
	if len(s.Env) > 0 {
		b.WriteString("    env:\n")
	}
	for _, key := range sortedKeys(s.Env) {
		fmt.Fprintf(b, "      %s: %s\n", scalar(key), quoted(EscapeTemplate(s.Env[key])))
	}
	if len(s.Calls) > 0 {
		quotedCalls := make([]string, len(s.Calls))
		for i, name := range s.Calls {
			quotedCalls[i] = scalar(name)
		}
		fmt.Fprintf(b, "    calls: [%s]\n", strings.Join(quotedCalls, ", "))
	}
}

// scalar writes a text as YAML, plain where that is unambiguous.
func scalar(text string) string {
	plain := plainScalar.match(text)
	for _, word := range []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", ".", ".inf", ".nan"} {
		if strings.EqualFold(text, word) && text != "." {
			plain = false
		}
	}
	if plain {
		return text
	}
	return quoted(text)
}

// quoted writes a text in YAML's double quotes.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' || r == '\ufeff':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
