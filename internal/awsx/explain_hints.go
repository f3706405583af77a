package awsx

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// clue tells a known cause by what ECS, the load balancer or the log says. All
// conditions that are given must hold.
type clue struct {
	says  string  // pattern of the stopped reason and the container's
	log   string  // pattern of one of the last lines
	check string  // pattern of the health check's answer
	exits []int32 // exit codes
	mute  bool    // it wrote nothing
	hint  string  // in braces what is filled in, see facts
	url   string
}

// The pages that the clues come from.
const (
	pagePull    = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html"
	pageStopped = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"
	pageInit    = "https://repost.aws/knowledge-center/ecs-unable-to-pull-secrets"
	pageMemory  = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"
	pageStart   = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"
	pageExit    = "https://repost.aws/knowledge-center/ecs-task-stopped"
	pageRun     = "https://docs.docker.com/engine/containers/run/#exit-status"
	pagePlaces  = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"
	pageChecks  = "https://repost.aws/knowledge-center/ecs-fargate-health-check-failures"
	pageTargets = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html"
	pageProbe   = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html"
	pageGrace   = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-healthcheck.html"
	pageRole    = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html"
	pageArch    = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html"
	pageSpot    = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html"
	pageLogs    = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"
)

// clues are tried in order, the special before the general; the first that
// holds is told. Case does not matter.
var clues = []clue{
	// The image.
	{says: `cannotpull.*(matching platform|no matching manifest|platform .* does not match)`, hint: "{image} is not built for {arch}: build it for that platform, or set the service's arch", url: pageArch},
	{says: `cannotpull.*(toomanyrequests|429|rate limit)`, hint: "the registry limits pulls: pull from ECR (a pull-through cache helps) instead", url: pagePull},
	{says: `cannotpull.*(i/o timeout|timed? ?out|request canceled|no route to host|network is unreachable|connection refused|no such host|deadline exceeded)`, hint: "the task does not reach the registry: it needs a NAT gateway, VPC endpoints (ECR's two and S3's) or a public address, and a way out on 443", url: pagePull},
	{says: `cannotpull.*(no space left)`, hint: "the image does not fit: raise ephemeral_storage or make the image smaller", url: pagePull},
	{says: `cannotpull.*(access ?denied|denied|403|forbidden|no basic auth|unauthorized|authorization)`, hint: "the registry refuses the execution role, or there is no such repository", url: pagePull},
	{says: `cannotpull.*(not found|manifest unknown|does not exist|invalid reference)`, hint: "there is no image {image}: check its name and tag, or push it", url: pagePull},

	// What a task needs before its containers start.
	{says: `resourceinit.*(connection issue|i/o timeout|deadline exceeded|request canceled|signal: killed)`, hint: "the task does not reach the AWS service: it needs a NAT gateway, a VPC endpoint or a public address, and a way out on 443", url: pageInit},
	{says: `resourceinit.*secrets?.*(accessdenied|not authorized)`, hint: "the execution role may not read the secret, or not use the key that it is encrypted with", url: pageRole},
	{says: `resourceinit.*(invalid ssm parameters|can't find the specified secret|resourcenotfound.*secret|retrieved secret.*did not contain)`, hint: "a secret is missing: create it in this region, under exactly this name", url: pageInit},
	{says: `resourceinit.*log (group|stream).*(does not exist|resourcenotfound)|resourceinit.*resourcenotfound.*log group`, hint: "the log group is gone: run `ecsail up` again to make it", url: pageInit},
	{says: `accessdenied|not authorized to perform`, hint: "the execution role lacks a permission, or a policy of the organisation forbids it", url: pageRole},
	{says: `unable to assume the role|cannot be assumed`, hint: "ECS may not use the role: check its trust policy; a role made just now needs a moment", url: pageRole},
	{says: `cannotcreatevolume`, hint: "a volume could not be mounted: check the file system, its mount targets and its security group", url: pageStopped},
	{says: `(timeout|timed out).*network interface|unexpected eni|\beni\b`, hint: "no network interface came up: look whether the subnets have free addresses", url: pageStopped},

	// Starting.
	{says: `exec format error`, hint: "the program is built for another CPU than {arch}: build it for that platform, or set the service's arch", url: pageArch},
	{log: `exec format error`, hint: "the program is built for another CPU than {arch}: build it for that platform, or set the service's arch", url: pageArch},
	{says: `executable file not found|no such file or directory`, hint: "the image does not have that command: check command, entrypoint and the image's PATH", url: pageStart},
	{says: `cannot(start|create).*permission denied`, hint: "the command may not be executed: check its mode in the image and the service's user", url: pageStart},
	{says: `(containerruntime|docker)timeouterror`, hint: "the container took too long to start or to stop", url: pageStopped},

	// Memory.
	{says: `outofmemory|due to memory usage`, hint: "it ran out of memory, which is {memory} MiB: raise memory, or make the program use less", url: pageMemory},

	// Capacity and infrastructure.
	{says: `spot task was interrupted|capacity is unavailable|spot interruption`, hint: "Fargate Spot took the capacity back or has none: fewer spot tasks, or more zones", url: pageSpot},
	{says: `unable to place a task|failed to launch a task|no free addresses|insufficient`, hint: "ECS finds no room for a task: look at the quota for Fargate vCPUs and at the subnets' free addresses", url: pagePlaces},

	// How the program ended.
	{exits: []int32{126}, hint: "126: the command cannot be run; is it executable, and no directory?", url: pageRun},
	{exits: []int32{127}, hint: "127: the image does not have that command: check command, entrypoint and the image's PATH", url: pageRun},
	{exits: []int32{132}, hint: "132: an illegal instruction; is the program built for {arch}?", url: pageExit},
	{exits: []int32{134}, hint: "134: the program aborted itself (SIGABRT)", url: pageExit},
	{exits: []int32{137}, hint: "137: it was killed (SIGKILL): out of its {memory} MiB of memory, or still running when its stop timeout was over", url: pageMemory},
	{exits: []int32{139}, hint: "139: the program crashed (SIGSEGV): a fault in it or in a native library", url: pageExit},
	{exits: []int32{143}, says: `essential container`, hint: "143: it was asked to stop (SIGTERM), and not by ECS", url: pageExit},
	{exits: []int32{0}, says: `essential container`, hint: "it ended by itself: a service's command must go on running", url: pageExit},
	{exits: []int32{1, 2, 255}, mute: true, hint: "no line of its log has arrived so far: does it write errors to standard output or standard error?", url: pageLogs},

	// Health checks.
	{check: `timed? ?out|timeout`, says: `elb health|load balancer`, hint: "nothing answers in time on port {port}: does the program listen there, on 0.0.0.0 and not on 127.0.0.1?", url: pageTargets},
	{check: `codes: \[`, hint: "the program answers, and not as the check wants: look at health.path and health.codes, and what the program needs to be well", url: pageTargets},
	{says: `elb health|load balancer`, hint: "the load balancer gets no proper answer on port {port}: does the program listen there, on 0.0.0.0, and answer health.path?", url: pageChecks},
	{says: `container health checks`, hint: "the health command failed inside the container: is what it calls (curl, wget) in the image, and does the port fit?", url: pageProbe},
}

// matchers are the clues' patterns, compiled.
var matchers = sync.OnceValue(func() map[string]*regexp.Regexp {
	out := map[string]*regexp.Regexp{}
	for _, c := range clues {
		for _, p := range []string{c.says, c.log, c.check} {
			if p != "" {
				out[p] = regexp.MustCompile("(?is)" + p)
			}
		}
	}
	return out
})

func (c clue) holds(f resource.Failure, k facts) bool {
	fits := func(pattern, text string) bool { return pattern == "" || matchers()[pattern].MatchString(text) }
	switch {
	case !fits(c.says, f.Reason+"\n"+f.Detail), !fits(c.log, strings.Join(f.Logs, "\n")), !fits(c.check, f.Health):
		return false
	case c.exits != nil && (f.ExitCode == nil || !slices.Contains(c.exits, *f.ExitCode)):
		return false
	}
	return !c.mute || len(f.Logs) == 0 && !k.unread
}

// facts are what hints are filled in with.
type facts struct {
	image, arch, memory string
	port                int32
	grace               time.Duration
	ran                 time.Duration // 0: it never ran
	unread              bool          // its log could not be read
}

func factsOf(t ecstypes.Task, s ecstypes.Service, d *ecstypes.TaskDefinition, f resource.Failure) facts {
	out := facts{image: "its image", arch: "linux/amd64", memory: aws.ToString(t.Memory), grace: time.Duration(aws.ToInt32(s.HealthCheckGracePeriodSeconds)) * time.Second}
	out.ran, _ = stoppedWithin(t)
	for _, lb := range s.LoadBalancers {
		out.port = aws.ToInt32(lb.ContainerPort)
	}
	if d == nil {
		return out
	}
	if p := d.RuntimePlatform; p != nil && p.CpuArchitecture == ecstypes.CPUArchitectureArm64 {
		out.arch = "linux/arm64"
	}
	if c := containerDefinition(d, f.Container); c != nil {
		out.image = aws.ToString(c.Image)
		if c.Memory != nil {
			out.memory = fmt.Sprint(*c.Memory)
		}
	}
	return out
}

// hintsFor is what a failure is likely to mean: the first clue that holds, and
// what the load balancer's check and the log say together.
func hintsFor(f resource.Failure, k facts) []resource.Hint {
	var out []resource.Hint
	fill := strings.NewReplacer("{image}", k.image, "{arch}", k.arch, "{memory}", k.memory, "{port}", fmt.Sprint(k.port))
	if i := slices.IndexFunc(clues, func(c clue) bool { return c.holds(f, k) }); i >= 0 {
		out = append(out, resource.Hint{Text: fill.Replace(clues[i].hint), URL: clues[i].url})
	}
	if !strings.Contains(strings.ToLower(f.Reason), "elb health") {
		return out
	}
	if other := spokenPort(f.Logs); other != 0 && other != k.port && k.port != 0 {
		out = append(out, resource.Hint{Text: fmt.Sprintf("its log speaks of port %d, and the check asks port %d: set port", other, k.port), URL: pageTargets})
	}
	if k.grace > 0 && k.ran >= k.grace && k.ran < k.grace+30*time.Second {
		out = append(out, resource.Hint{Text: fmt.Sprintf("it was stopped as soon as its grace of %s was over: if it starts slowly, raise health.grace", k.grace), URL: pageGrace})
	}
	return out
}

// HintsFor is what a failure without a task is likely to mean.
func HintsFor(f resource.Failure) []resource.Hint { return hintsFor(f, facts{}) }

var portInLog = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:listen\w*|serving|running|started|bound|bind\w*)\b.*?(?::|port\s*[:=]?\s*)(\d{4,5}|80|443)\b`)
})

// spokenPort is the port on which a program says that it listens; 0 without one.
func spokenPort(lines []string) int32 {
	for _, line := range slices.Backward(lines) {
		if m := portInLog().FindStringSubmatch(line); m != nil {
			var n int32
			if _, err := fmt.Sscan(m[1], &n); err == nil && n <= 65535 {
				return n
			}
		}
	}
	return 0
}
