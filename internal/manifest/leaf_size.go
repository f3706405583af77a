package manifest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// duration is Go's notation with d for days: 90s, 5m, 1h30m, 7d.
type duration time.Duration

func (d *duration) parse(n *node) *fault {
	const fix = "a number with a unit: 30s, 5m, 1h, 7d"
	if n.kind == intKind {
		return wrong(n.text+" has no unit", fmt.Sprintf("write %ss for seconds; the units are s, m, h and d", n.text))
	}
	if n.kind != textKind {
		return wrongKind(n, "a duration", fix)
	}
	value, err := ParseDuration(n.text)
	if err != nil {
		return wrong(n.quote()+" is not a duration", fix)
	}
	*d = duration(value)
	return nil
}

func (*duration) form() (string, object) {
	return "duration", object{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$`}
}

// ParseDuration reads Go's duration notation with d for days of 24 hours.
// Fractions of a second are refused: no setting here has them.
func ParseDuration(text string) (time.Duration, error) {
	days, rest, ok := strings.Cut(text, "d")
	if text == "" {
		return 0, fmt.Errorf("an empty duration")
	}
	if !ok {
		days, rest = "0", text
	}
	whole, err := strconv.ParseFloat(days, 64)
	if err != nil || whole < 0 || whole > 100_000 || !plainNumber(days) {
		return 0, fmt.Errorf("duration %q: the days are no number", text)
	}
	total := time.Duration(whole * float64(24*time.Hour))
	if rest != "" {
		more, err := time.ParseDuration(rest)
		if err != nil {
			return 0, fmt.Errorf("duration %q: %w", text, err)
		}
		total += more
	}
	if total < 0 || total%time.Second != 0 {
		return 0, fmt.Errorf("duration %q: whole seconds only", text)
	}
	return total, nil
}

// FormatDuration writes a duration as a person would: 90s, 5m, 7d.
func FormatDuration(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= 2*unit.of && d%unit.of == 0 || d == unit.of && unit.of >= time.Hour {
			return strconv.FormatInt(int64(d/unit.of), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}

// plainNumber reports digits with at most one dot.
func plainNumber(text string) bool {
	return strings.Trim(text, "0123456789.") == "" && strings.Count(text, ".") <= 1 && strings.Trim(text, ".") != ""
}

// scaled is a number with one of some unit suffixes, as a multiple of the base
// unit. The suffixes are binary where AWS's are: 1GB of memory is 1024 MiB.
func scaled(n *node, what, fix string, units map[string]float64) (int64, *fault) {
	if n.kind != textKind && n.kind != intKind && n.kind != floatKind {
		return 0, wrongKind(n, what, fix)
	}
	lower := strings.ToLower(strings.ReplaceAll(n.text, " ", ""))
	number := strings.TrimRight(lower, "abcdefghijklmnopqrstuvwxyz%/")
	factor, ok := units[lower[len(number):]]
	value, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !plainNumber(number) || value*factor > math.MaxInt32*float64(1<<20) {
		return 0, wrong(fmt.Sprintf("%s is not %s", n.quote(), what), fix)
	}
	total := value * factor
	if total != math.Trunc(total) {
		return 0, wrong(fmt.Sprintf("%s is not a whole number of the smallest unit", n.quote()), fix)
	}
	return int64(total), nil
}

// sizeForm is the schema of a number or a text with a suffix.
func sizeForm(pattern string) object {
	return object{"anyOf": []any{object{"type": "number", "minimum": 0}, object{"type": "string", "pattern": pattern}}}
}

// cpuUnits are CPU units, 1024 to a vCPU.
type cpuUnits int

func (c *cpuUnits) parse(n *node) *fault {
	if n.kind == floatKind {
		return wrong(n.text+" is not a number of CPU units", fmt.Sprintf("write %svcpu for vCPUs, or units: 256 are a quarter of a vCPU", n.text))
	}
	value, f := scaled(n, "a CPU size", "CPU units, like 256, or vCPUs with the suffix: 0.25vcpu", map[string]float64{"": 1, "vcpu": 1024, "vcpus": 1024})
	*c = cpuUnits(value)
	return f
}

func (*cpuUnits) form() (string, object) {
	return "CPU units, or vCPUs with a suffix", sizeForm(`^[0-9]+(\.[0-9]+)? ?([vV][cC][pP][uU][sS]?)?$`)
}

// mebibytes are MiB of memory.
type mebibytes int

func (m *mebibytes) parse(n *node) *fault {
	value, f := scaled(n, "a memory size", "MiB, like 512, or with a suffix: 512MB, 2GB",
		map[string]float64{"": 1, "mb": 1, "mib": 1, "m": 1, "gb": 1024, "gib": 1024, "g": 1024})
	*m = mebibytes(value)
	return f
}

func (*mebibytes) form() (string, object) {
	return "MiB, or a size with a suffix", sizeForm(`^[0-9]+(\.[0-9]+)? ?([mMgG]([iI]?[bB])?)?$`)
}

// gibibytes are GiB of disk.
type gibibytes int

func (g *gibibytes) parse(n *node) *fault {
	value, f := scaled(n, "a disk size", "GiB, like 50 or 50GB", map[string]float64{"": 1, "gb": 1, "gib": 1, "g": 1})
	*g = gibibytes(value)
	return f
}

func (*gibibytes) form() (string, object) {
	return "GiB, or a size with a suffix", sizeForm(`^[0-9]+ ?([gG]([iI]?[bB])?)?$`)
}

// byteCount is an amount of data.
type byteCount int64

func (b *byteCount) parse(n *node) *fault {
	value, f := scaled(n, "an amount of data", "bytes, or with a suffix: 500KB, 50MB, 1GB", map[string]float64{
		"": 1, "b": 1, "kb": 1 << 10, "kib": 1 << 10, "mb": 1 << 20, "mib": 1 << 20, "gb": 1 << 30, "gib": 1 << 30,
		"kb/s": 1 << 10, "mb/s": 1 << 20, "gb/s": 1 << 30})
	*b = byteCount(value)
	return f
}

func (*byteCount) form() (string, object) {
	return "bytes, or a size with a suffix", sizeForm(`^[0-9]+(\.[0-9]+)? ?([kKmMgG]?([iI]?[bB])?(/s)?)$`)
}

// percent is a share: 60 or 60%.
type percent int

func (p *percent) parse(n *node) *fault {
	value, f := scaled(n, "a percentage", "a whole number, like 60 or 60%", map[string]float64{"": 1, "%": 1})
	*p = percent(value)
	return f
}

func (*percent) form() (string, object) { return "percent", sizeForm(`^[0-9]+ ?%?$`) }

// spotShare is a percentage, or true for all and false for none.
type spotShare int

func (s *spotShare) parse(n *node) *fault {
	if n.kind == boolKind {
		*s = 0
		if n.text == "true" {
			*s = 100
		}
		return nil
	}
	var share percent
	if f := share.parse(n); f != nil || share > 100 {
		return wrong(n.quote()+" is not a share", "true, false, or a percentage from 0 to 100")
	}
	*s = spotShare(share)
	return nil
}

func (*spotShare) form() (string, object) {
	return "true, false or percent", object{"anyOf": []any{object{"type": "boolean"},
		object{"type": "integer", "minimum": 0, "maximum": 100}, object{"type": "string", "pattern": `^[0-9]+ ?%$`}}}
}

// days are whole days, written as a duration.
type days int

func (d *days) parse(n *node) *fault {
	if n.kind == intKind {
		return wrong(n.text+" has no unit", fmt.Sprintf("write %sd", n.text))
	}
	var whole duration
	if f := whole.parse(n); f != nil {
		return wrong(f.message, "a number of days, like 30d")
	}
	if time.Duration(whole)%(24*time.Hour) != 0 {
		return wrong(n.quote()+" is not a number of whole days", "like 30d")
	}
	*d = days(time.Duration(whole) / (24 * time.Hour))
	return nil
}

func (*days) form() (string, object) {
	return "days", object{"type": "string", "pattern": `^[0-9]+(d|h)$`}
}
