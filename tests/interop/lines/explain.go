package lines

import "strings"

// Explain adds the causes that an error's own text leaves out, as that of a trust store error does.
func Explain(err error) string {
	text := err.Error()
	for _, cause := range causes(err) {
		if !strings.Contains(text, cause.Error()) {
			text += ": " + cause.Error()
		}
	}
	return text
}

// causes lists everything below an error depth first, which is the order of the texts that fmt and errors.Join build.
func causes(err error) []error {
	var direct []error
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		direct = []error{wrapper.Unwrap()}
	case interface{ Unwrap() []error }:
		direct = wrapper.Unwrap()
	}
	var all []error
	for _, cause := range direct {
		if cause != nil {
			all = append(append(all, cause), causes(cause)...)
		}
	}
	return all
}
