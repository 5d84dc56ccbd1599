package cloud

import "errors"

// ErrEmptyAnswer says that an answer has not what it has to have, as what stands
// between here and AWS may make one up.
var ErrEmptyAnswer = errors.New("the answer is empty, and so not AWS's")
