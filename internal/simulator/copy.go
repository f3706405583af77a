package simulator

import (
	"reflect"
	"sync"
)

// deepCopy copies a row value with everything that hangs on it, so that nobody
// can change a row but by putting it. Unexported fields are copied flatly: the
// SDK's types have none that point anywhere, and a time is a value.
func deepCopy[T any](v T) T {
	detach(reflect.ValueOf(&v).Elem())
	return v
}

// detach replaces in place whatever v shares with others.
func detach(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, i := range sharing(v.Type()) {
			detach(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		n := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(n, v)
		v.Set(n)
		if shares(v.Type().Elem()) {
			for i := range v.Len() {
				detach(v.Index(i))
			}
		}
	case reflect.Map:
		if v.IsNil() {
			return
		}
		n := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(it.Value())
			detach(e)
			n.SetMapIndex(it.Key(), e)
		}
		v.Set(n)
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		n := reflect.New(v.Type().Elem())
		n.Elem().Set(v.Elem())
		detach(n.Elem())
		v.Set(n)
	}
}

// shares reports whether values of a type can hold something in common.
func shares(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		return true
	case reflect.Struct:
		return len(sharing(t)) > 0
	}
	return false
}

var sharingFields sync.Map // reflect.Type -> []int: a cache of what reflection tells

// sharing lists the exported fields of a struct that can share what they hold.
func sharing(t reflect.Type) []int {
	if known, ok := sharingFields.Load(t); ok {
		return known.([]int)
	}
	var out []int
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && shares(f.Type) {
			out = append(out, i)
		}
	}
	sharingFields.Store(t, out)
	return out
}
