package manifest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// check holds a value that was read against the bounds, the enumeration and
// the form that its field's tags demand.
func (f *keyMeta) check(v reflect.Value, n *node) *fault {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		return f.checkBounds(v, n)
	case reflect.String:
		return f.checkText(v.String())
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.String {
			return nil
		}
		for i := range v.Len() {
			if ft := f.checkText(v.Index(i).String()); ft != nil {
				ft.item = i + 1
				return ft
			}
		}
	}
	return nil
}

// checkBounds compares with min and max, which are in the field's own notation.
func (f *keyMeta) checkBounds(v reflect.Value, n *node) *fault {
	low, hasLow := bound(v.Type(), f.min)
	high, hasHigh := bound(v.Type(), f.max)
	fix := ""
	switch {
	case hasLow && hasHigh:
		fix = fmt.Sprintf("%s to %s", f.min, f.max)
	case hasLow:
		fix = f.min + " or more"
	}
	if hasLow && v.Int() < low {
		return wrong(fmt.Sprintf("%s is less than the minimum %s", n.shown(), f.min), fix)
	}
	if hasHigh && v.Int() > high {
		return wrong(fmt.Sprintf("%s is more than the maximum %s", n.shown(), f.max), fix)
	}
	return nil
}

// bound reads a bound of a tag.
func bound(t reflect.Type, text string) (int64, bool) {
	if text == "" {
		return 0, false
	}
	v := reflect.New(t).Elem()
	if parseLeaf(v, scalarOf(text)) != nil {
		return 0, false
	}
	return v.Int(), true
}

// checkText compares with the enumeration and the form.
func (f *keyMeta) checkText(s string) *fault {
	if slices.Contains(f.later, s) {
		return wrong(fmt.Sprintf("the value %q is not available yet in this version of ecsail", s), "for now: "+strings.Join(f.enum, ", "))
	}
	if len(f.enum) > 0 && !slices.Contains(f.enum, s) {
		return wrong(fmt.Sprintf("%q is not one of %s", shorten(s), strings.Join(f.enum, ", ")), didYouMeanOnly(s, f.enum))
	}
	form, ok := formats[f.is]
	if ok && !form.fits(s) {
		return wrong(form.complaint(s), form.hint)
	}
	return nil
}
