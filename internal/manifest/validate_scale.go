package manifest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones must be known on machines without a database of them
)

// checkScale checks the bounds and that something moves between them.
func (c *checker) checkScale(s *Service, p *path) {
	k, at := s.Scale, p.add("scale")
	if k == nil || !c.usable(at) {
		return
	}
	if k.Min > k.Max && c.has(at.add("max")) && c.usable(at.add("min")) && c.usable(at.add("max")) {
		c.errf(c.written(at.add("min"), at.add("max")), fmt.Sprintf("lower min to %d or less, or raise max", k.Max), "min %d is over max %d", k.Min, k.Max)
	}
	if k.CPU+k.Memory+k.Requests == 0 && k.Network == 0 && len(k.Schedule) == 0 && c.targetsUsable(at) {
		c.errf(at, "add a target, like `cpu: 60`, or a schedule", "the bounds are set and nothing says when to move between them")
	}
	if k.Requests > 0 && len(s.Routes) == 0 {
		c.errf(at.add("requests"), "use cpu, memory or network, or add a route", "the load balancer counts requests, and the service %s has no route", s.Name)
	}
	if k.Min == 0 && len(k.Schedule) == 0 {
		// https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
		c.warnf(at.add("min"), "use min: 1, or a schedule that starts tasks", "at zero tasks there is nothing to measure, so these targets never start one again")
	}
	for i, item := range k.Schedule {
		c.checkSchedule(item, c.element(at.add("schedule"), i))
	}
}

// targetsUsable reports that no target failed to read: a target was meant.
func (c *checker) targetsUsable(p *path) bool {
	for _, key := range []string{"cpu", "memory", "requests", "network", "schedule", "queue"} {
		if !c.usable(p.add(key)) {
			return false
		}
	}
	return true
}

// written is the first path that stands in the file.
func (c *checker) written(paths ...*path) *path {
	for _, p := range paths {
		if c.has(p) {
			return p
		}
	}
	return paths[0]
}

// checkSchedule checks a time and its bounds.
func (c *checker) checkSchedule(item ScheduledScale, p *path) {
	if item.Min > item.Max {
		c.errf(c.written(p.add("min"), p.add("max")), "lower min, or raise max", "min %d is over max %d", item.Min, item.Max)
	}
	if !c.has(p.add("min")) && !c.has(p.add("max")) {
		c.errf(p, "add min, max or both", "the schedule changes neither min nor max")
	}
	if item.Cron != "" {
		c.checkValue(p.add("cron"), checkExpression(item.Cron))
	}
	if strings.HasPrefix(item.Cron, "rate(") && item.Timezone != "UTC" && c.has(p.add("timezone")) {
		// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
		c.errf(p.add("timezone"), "leave it out, or use cron(…)", "a rate has no time of day, so AWS takes no time zone with it")
	}
	if _, err := time.LoadLocation(item.Timezone); err != nil || item.Timezone == "" || item.Timezone == "Local" {
		c.errf(p.add("timezone"), "an IANA name, like Europe/Berlin or America/New_York", "%q is no time zone", shorten(item.Timezone))
	}
}

// checkExpression checks cron(…), rate(…) and at(…) as Application Auto Scaling
// and EventBridge take them; nil means valid:
// https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
func checkExpression(text string) *fault {
	kind, inner, ok := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	if !ok || !strings.HasSuffix(text, ")") {
		return bareSchedule(text)
	}
	switch kind {
	case "cron":
		return checkCron(inner)
	case "rate":
		return checkRate(inner)
	case "at":
		if _, err := time.Parse("2006-01-02T15:04:05", inner); err != nil {
			return wrong(fmt.Sprintf("at(%s) is no time", shorten(inner)), "like at(2027-01-31T18:00:00)")
		}
		return nil
	}
	return wrong(fmt.Sprintf("%q is no schedule", shorten(text)), "cron(…), rate(…) or at(…)")
}

// bareSchedule explains an expression without its wrapper; five fields are Unix's notation.
func bareSchedule(text string) *fault {
	fields := strings.Fields(text)
	fix := "like cron(0 8 ? * MON-FRI *), rate(1 hour) or at(2027-01-31T18:00:00)"
	switch len(fields) {
	case 5:
		if fields[4] == "*" {
			fields[4] = "?"
		} else if fields[2] == "*" {
			fields[2] = "?"
		}
		fix = fmt.Sprintf("AWS has six fields, the last one the year: cron(%s *)", strings.Join(fields, " "))
	case 6:
		fix = "write cron(" + text + ")"
	}
	return wrong(fmt.Sprintf("%q is no schedule", shorten(text)), fix)
}

// checkRate checks rate(5 minutes).
func checkRate(inner string) *fault {
	number, unit, _ := strings.Cut(inner, " ")
	n, err := strconv.Atoi(number)
	base := strings.TrimSuffix(unit, "s")
	if err != nil || n < 1 || base != "minute" && base != "hour" && base != "day" {
		return wrong(fmt.Sprintf("rate(%s) is no rate", shorten(inner)), "a positive number and minutes, hours or days: rate(5 minutes)")
	}
	want := base + "s"
	if n == 1 {
		want = base
	}
	if unit != want {
		return wrong(fmt.Sprintf("rate(%s) mixes singular and plural", inner), fmt.Sprintf("write rate(%d %s)", n, want))
	}
	return nil
}

// cronField is one of the six fields.
type cronField struct {
	name      string
	low, high int
	words     string // from low upwards
	special   string
}

var cronFields = []cronField{
	{"minutes", 0, 59, "", ""},
	{"hours", 0, 23, "", ""},
	{"day of month", 1, 31, "", "?LW"},
	{"month", 1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", ""},
	{"day of week", 1, 7, "SUN MON TUE WED THU FRI SAT", "?L#"},
	{"year", 1970, 2199, "", ""},
}

// checkCron checks the six fields of an AWS cron expression:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func checkCron(inner string) *fault {
	const fix = "minutes, hours, day of month, month, day of week, year: cron(0 8 ? * MON-FRI *)"
	fields := strings.Fields(inner)
	if len(fields) != len(cronFields) {
		if len(fields) == 5 {
			return bareSchedule(inner)
		}
		return wrong(fmt.Sprintf("cron(%s) has %d fields; AWS has six", shorten(inner), len(fields)), fix)
	}
	for i, f := range cronFields {
		for _, part := range strings.Split(fields[i], ",") {
			if !f.valid(part) {
				return wrong(fmt.Sprintf("%q is no %s in cron(%s)", shorten(part), f.name, shorten(inner)), fix)
			}
		}
	}
	if (fields[2] == "?") == (fields[4] == "?") {
		return wrong(fmt.Sprintf("cron(%s) needs a ? in exactly one of day of month and day of week", shorten(inner)), fix)
	}
	return nil
}

// valid checks one element: *, 5, 1-5, */15, MON, L, 15W, 6#3.
func (f cronField) valid(part string) bool {
	base, step, stepped := strings.Cut(part, "/")
	if stepped {
		if n, err := strconv.Atoi(step); err != nil || n < 1 {
			return false
		}
	}
	from, to, ranged := strings.Cut(base, "-")
	switch {
	case base == "*":
		return true
	case base == "?":
		return strings.Contains(f.special, "?") && !stepped
	case ranged:
		a, b := f.number(from), f.number(to)
		return a >= 0 && b >= a
	case base == "L" || base == "LW" && strings.Contains(f.special, "W"):
		return strings.Contains(f.special, "L")
	}
	if day, nth, ok := strings.Cut(base, "#"); ok {
		n, err := strconv.Atoi(nth)
		return strings.Contains(f.special, "#") && f.number(day) >= 0 && err == nil && n >= 1 && n <= 5
	}
	for _, suffix := range []string{"W", "L"} {
		if trimmed, ok := strings.CutSuffix(base, suffix); ok && strings.Contains(f.special, suffix) && trimmed != "" && f.number(trimmed) >= 0 {
			return true
		}
	}
	return f.number(base) >= 0
}

// number reads a field's value or word; -1 when it is neither.
func (f cronField) number(text string) int {
	for i, word := range strings.Fields(f.words) {
		if strings.EqualFold(word, text) {
			return f.low + i
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.low || n > f.high {
		return -1
	}
	return n
}
