package awsfake

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// differs says where the input lacks what is wanted of it, "" if it has all.
func differs(wanted map[string]any, input any) string {
	if len(wanted) == 0 {
		return ""
	}
	got, err := plain(input)
	if err != nil {
		return err.Error()
	}
	want, err := plain(wanted)
	if err != nil {
		return err.Error()
	}
	return lacks("in", want, got)
}

// plain is a value as JSON knows it.
func plain(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out any
	return out, json.Unmarshal(text, &out)
}

// lacks compares objects by the wanted keys, lists element by element, and
// everything else as it is.
func lacks(path string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			break
		}
		for key, value := range want {
			if why := lacks(path+"."+key, value, have[key]); why != "" {
				return why
			}
		}
		return ""
	case []any:
		have, ok := got.([]any)
		if !ok || len(have) != len(want) {
			break
		}
		for i := range want {
			if why := lacks(fmt.Sprintf("%s[%d]", path, i), want[i], have[i]); why != "" {
				return why
			}
		}
		return ""
	}
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return fmt.Sprintf("%s is %s, not %s", path, describe(got), describe(want))
}
