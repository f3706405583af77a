package simulator

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// schedule is an at, rate or cron expression of Application Auto Scaling:
// https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
type schedule struct {
	at   time.Time
	rate time.Duration
	cron *cron
	zone *time.Location
}

// cron is a parsed cron expression: which values of each field match.
type cron struct {
	minute, hour, month, year map[int]bool
	day, week                 func(time.Time) bool // nil: the field is ?
}

var (
	atText   = regexp.MustCompile(`^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$`)
	rateText = regexp.MustCompile(`^rate\(([1-9]\d*) (minutes?|hours?|days?)\)$`)
	cronText = regexp.MustCompile(`^cron\((.*)\)$`)
)

func parseSchedule(text, zone string) (schedule, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return schedule{}, fmt.Errorf("the time zone is not a canonical IANA name: %s", zone)
	}
	s := schedule{zone: loc}
	if m := atText.FindStringSubmatch(text); m != nil {
		s.at, err = time.ParseInLocation("2006-01-02T15:04:05", m[1], loc)
		return s, err
	}
	if m := rateText.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || (n == 1) == strings.HasSuffix(m[2], "s") {
			return s, fmt.Errorf("invalid schedule expression: %s", text)
		}
		units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
		s.rate = time.Duration(n) * units[strings.TrimSuffix(m[2], "s")]
		return s, nil
	}
	if m := cronText.FindStringSubmatch(text); m != nil {
		if s.cron, err = parseCron(strings.Fields(m[1])); err == nil {
			return s, nil
		}
	}
	return s, fmt.Errorf("invalid schedule expression: %s", text)
}

func (s schedule) once() bool { return !s.at.IsZero() }

// next is the first time after from; a rate counts from when it was created.
func (s schedule) next(created, from time.Time) (time.Time, bool) {
	switch {
	case s.once():
		return s.at, s.at.After(from)
	case s.rate > 0:
		gone := max(0, from.Sub(created)/s.rate)
		return created.Add((gone + 1) * s.rate), true
	}
	return s.cron.next(from.In(s.zone))
}

// next walks over days, then over the minutes of the first day that matches.
func (c *cron) next(from time.Time) (time.Time, bool) {
	day := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, from.Location())
	for range 366 * 8 {
		if c.onDay(day) {
			for h := range 24 {
				for m := range 60 {
					t := time.Date(day.Year(), day.Month(), day.Day(), h, m, 0, 0, day.Location())
					if c.hour[h] && c.minute[m] && t.After(from) && t.Hour() == h {
						return t, true
					}
				}
			}
		}
		day = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, day.Location())
	}
	return time.Time{}, false
}

func (c *cron) onDay(t time.Time) bool {
	return c.year[t.Year()] && c.month[int(t.Month())] && (c.day == nil || c.day(t)) && (c.week == nil || c.week(t))
}

var (
	monthNames = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekNames  = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// parseCron reads the six fields; one of the two day fields must be a question mark.
func parseCron(f []string) (*cron, error) {
	if len(f) != 6 || (f[2] == "?") == (f[4] == "?") {
		return nil, fmt.Errorf("not six fields, or no question mark in one of the day fields")
	}
	c := &cron{}
	var err error
	for _, field := range []struct {
		into        *map[int]bool
		text        string
		least, most int
		names       []string
	}{
		{&c.minute, f[0], 0, 59, nil}, {&c.hour, f[1], 0, 23, nil}, {&c.month, f[3], 1, 12, monthNames}, {&c.year, f[5], 1970, 2199, nil},
	} {
		if *field.into, err = cronField(field.text, field.least, field.most, field.names); err != nil {
			return nil, err
		}
	}
	if c.day, err = dayOfMonth(f[2]); err != nil {
		return nil, err
	}
	c.week, err = dayOfWeek(f[4])
	return c, err
}

// cronField reads values, ranges, steps and lists of them.
func cronField(text string, least, most int, names []string) (map[int]bool, error) {
	number := func(s string) (int, error) {
		for i, n := range names {
			if strings.EqualFold(s, n) {
				return i + least, nil
			}
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("invalid value %q", s)
		}
		return n, nil
	}
	out := map[int]bool{}
	for _, part := range strings.Split(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		from, to, step := least, most, 1
		var err error
		if first, last, ranged := strings.Cut(span, "-"); span != "*" {
			if from, err = number(first); err != nil {
				return nil, err
			}
			if ranged {
				to, err = number(last)
			} else if !stepped {
				to = from
			}
			if err != nil || to < from {
				return nil, fmt.Errorf("invalid range %q", span)
			}
		}
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
				return nil, fmt.Errorf("invalid step %q", stepText)
			}
		}
		for v := from; v <= to; v += step {
			out[v] = true
		}
	}
	return out, nil
}

func lastOfMonth(t time.Time) int {
	return time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, t.Location()).Day()
}

// dayOfMonth adds L, the last day, and nW, the weekday nearest to a day.
func dayOfMonth(text string) (func(time.Time) bool, error) {
	switch {
	case text == "?":
		return nil, nil
	case text == "L":
		return func(t time.Time) bool { return t.Day() == lastOfMonth(t) }, nil
	case strings.HasSuffix(text, "W"):
		n, err := strconv.Atoi(strings.TrimSuffix(text, "W"))
		if err != nil || n < 1 || n > 31 {
			return nil, fmt.Errorf("invalid day %q", text)
		}
		return func(t time.Time) bool { return t.Day() == nearestWeekday(t, n) }, nil
	}
	days, err := cronField(text, 1, 31, nil)
	return func(t time.Time) bool { return days[t.Day()] }, err
}

func nearestWeekday(t time.Time, n int) int {
	n = min(n, lastOfMonth(t))
	switch time.Date(t.Year(), t.Month(), n, 0, 0, 0, 0, t.Location()).Weekday() {
	case time.Saturday:
		if n == 1 {
			return 3
		}
		return n - 1
	case time.Sunday:
		if n == lastOfMonth(t) {
			return n - 2
		}
		return n + 1
	}
	return n
}

// dayOfWeek has 1 for Sunday, and adds nL, the last such day of the month, and
// n#k, the k-th one.
func dayOfWeek(text string) (func(time.Time) bool, error) {
	if text == "?" {
		return nil, nil
	}
	if text == "L" {
		text = "7"
	}
	nth := 0
	if day, k, ok := strings.Cut(text, "#"); ok {
		n, err := strconv.Atoi(k)
		if err != nil || n < 1 || n > 5 {
			return nil, fmt.Errorf("invalid day %q", text)
		}
		text, nth = day, n
	} else if len(text) > 1 && strings.HasSuffix(text, "L") {
		text, nth = strings.TrimSuffix(text, "L"), -1
	}
	days, err := cronField(text, 1, 7, weekNames)
	return func(t time.Time) bool {
		return days[int(t.Weekday())+1] && (nth == 0 || nth == (t.Day()+6)/7 || nth < 0 && t.Day()+7 > lastOfMonth(t))
	}, err
}
