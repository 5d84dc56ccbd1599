package metrics

import "slices"

// Parts are the names of a stage's parts in AWS. What has no name has no metrics.
type Parts struct {
	API       string // the id of the HTTP API
	Functions []Function
	Table     string
	Bucket    string
	UserPool  string // its id
	Client    string // the id of the app client by which the game signs in
}

// Function is a function, with the name that people know it by.
type Function struct{ Name, InLambda string }

// All lists the metrics of a stage, in the order in which a request meets its
// parts. The sources are those that each service's guide lists: API Gateway
// ("Monitor HTTP APIs with CloudWatch metrics": 4xx and 5xx in lower case), Lambda
// ("Types of metrics for Lambda functions"), DynamoDB ("DynamoDB metrics and
// dimensions"), S3 ("Metrics and dimensions") and Cognito ("Metrics for user
// pools"). What a function answers itself, a 503 too, is no error of Lambda's: only
// the API counts it.
func All(p Parts) []Metric {
	list := api(p.API)
	for _, f := range p.Functions {
		list = append(list, function(f)...)
	}
	list = append(list, table(p.Table)...)
	list = append(list, bucket(p.Bucket)...)
	return append(list, players(p.UserPool, p.Client)...)
}

// Named returns those of a list that have one of the names, in the list's order.
func Named(list []Metric, names ...string) []Metric {
	return slices.DeleteFunc(slices.Clone(list), func(m Metric) bool { return !slices.Contains(names, m.Name) })
}

// Names of the metrics that belong to no single function.
const (
	Requests       = "requests"
	ClientErrors   = "4xx"
	ServerErrors   = "5xx"
	LatencyP50     = "latency-p50"
	LatencyP95     = "latency-p95"
	LatencyP99     = "latency-p99"
	DataProcessed  = "data-processed"
	ReadCapacity   = "read-capacity"
	WriteCapacity  = "write-capacity"
	ReadThrottles  = "read-throttles"
	WriteThrottles = "write-throttles"
	StoredBytes    = "stored-bytes"
	StoredObjects  = "stored-objects"
	SignUps        = "sign-ups"
	SignUpAttempts = "sign-up-attempts"
	SignUpThrottle = "sign-up-throttles"
	SignIns        = "sign-ins"
	SignInAttempts = "sign-in-attempts"
	SignInThrottle = "sign-in-throttles"
)

// Kinds of metrics that each function has one of: [OfFunction] makes their names.
const (
	Invocations = "invocations"
	Errors      = "errors"
	Throttles   = "throttles"
	DurationP50 = "duration-p50"
	DurationP95 = "duration-p95"
	DurationP99 = "duration-p99"
	Duration    = "duration"
	Concurrency = "concurrency"
)

// OfFunction is the name of a function's metric: "syncPlan-errors".
func OfFunction(function, kind string) string { return function + "-" + kind }

// source is a source of a resource, which is "" where there is none.
func source(namespace, name, dimension, value string, more ...Dimension) Source {
	s := Source{Namespace: namespace, Name: name, Dimensions: [2]Dimension{{dimension, value}}}
	copy(s.Dimensions[1:], more)
	return s
}

func api(id string) []Metric {
	if id == "" {
		return nil
	}
	of := func(name string) Source { return source("AWS/ApiGateway", name, "ApiId", id) }
	return []Metric{
		{Name: Requests, About: "requests to the API", Unit: Count, Statistic: Sum, Source: of("Count")},
		{Name: ClientErrors, About: "requests that were refused", Unit: Count, Statistic: Sum, Source: of("4xx")},
		{Name: ServerErrors, About: "requests that failed", Unit: Count, Statistic: Sum, Source: of("5xx")},
		{Name: LatencyP50, About: "time until the answer, of half of the requests at most", Unit: Milliseconds, Statistic: "p50", Source: of("Latency")},
		{Name: LatencyP95, About: "time until the answer, of 95 in 100 requests at most", Unit: Milliseconds, Statistic: "p95", Source: of("Latency")},
		{Name: LatencyP99, About: "time until the answer, of 99 in 100 requests at most", Unit: Milliseconds, Statistic: "p99", Source: of("Latency")},
		{Name: DataProcessed, About: "bytes of requests and answers", Unit: Bytes, Statistic: Sum, Source: of("DataProcessed")},
	}
}

func function(f Function) []Metric {
	of := func(name string) Source { return source("AWS/Lambda", name, "FunctionName", f.InLambda) }
	metric := func(kind, about string, unit Unit, statistic Statistic, source string) Metric {
		return Metric{Name: OfFunction(f.Name, kind), About: about + " of " + f.Name, Unit: unit, Statistic: statistic, Source: of(source)}
	}
	return []Metric{
		metric(Invocations, "invocations", Count, Sum, "Invocations"),
		metric(Errors, "invocations that ended without an answer", Count, Sum, "Errors"),
		metric(Throttles, "invocations that Lambda refused for their number", Count, Sum, "Throttles"),
		metric(DurationP50, "duration at most, of half of the invocations", Milliseconds, "p50", "Duration"),
		metric(DurationP95, "duration at most, of 95 in 100 invocations", Milliseconds, "p95", "Duration"),
		metric(DurationP99, "duration at most, of 99 in 100 invocations", Milliseconds, "p99", "Duration"),
		metric(Duration, "duration of all invocations together", Milliseconds, Sum, "Duration"),
		metric(Concurrency, "most invocations at once", Count, Maximum, "ConcurrentExecutions"),
	}
}

func table(name string) []Metric {
	if name == "" {
		return nil
	}
	of := func(metric string) Source { return source("AWS/DynamoDB", metric, "TableName", name) }
	return []Metric{
		{Name: ReadCapacity, About: "capacity that reads of the table took", Unit: CapacityUnits, Statistic: Sum, Source: of("ConsumedReadCapacityUnits")},
		{Name: WriteCapacity, About: "capacity that writes to the table took", Unit: CapacityUnits, Statistic: Sum, Source: of("ConsumedWriteCapacityUnits")},
		{Name: ReadThrottles, About: "reads of the table that DynamoDB refused for their number", Unit: Count, Statistic: Sum, Source: of("ReadThrottleEvents")},
		{Name: WriteThrottles, About: "writes to the table that DynamoDB refused for their number", Unit: Count, Statistic: Sum, Source: of("WriteThrottleEvents")},
	}
}

// bucket are what S3 measures of a bucket. Both figures have older versions and
// unfinished uploads in them (S3 user guide, "Metrics and dimensions").
func bucket(name string) []Metric {
	if name == "" {
		return nil
	}
	of := func(metric, storage string) Source {
		return source("AWS/S3", metric, "BucketName", name, Dimension{"StorageType", storage})
	}
	return []Metric{
		{Name: StoredBytes, About: "bytes of saves, older versions included", Unit: Bytes, Statistic: Average, Source: of("BucketSizeBytes", "StandardStorage"), Daily: true},
		{Name: StoredObjects, About: "saves, each older version counted", Unit: Count, Statistic: Average, Source: of("NumberOfObjects", "AllStorageTypes"), Daily: true},
	}
}

// players are what Cognito counts of the game's app client: a success as 1, a
// failure as 0, so that their number is that of the attempts. Accounts that
// operators make are another client's.
func players(pool, client string) []Metric {
	if pool == "" || client == "" {
		return nil
	}
	metric := func(name, about string, statistic Statistic, metric string) Metric {
		return Metric{Name: name, About: about, Unit: Count, Statistic: statistic,
			Source: source("AWS/Cognito", metric, "UserPool", pool, Dimension{"UserPoolClient", client})}
	}
	return []Metric{
		metric(SignUps, "players who signed up", Sum, "SignUpSuccesses"),
		metric(SignUpAttempts, "attempts to sign up", Samples, "SignUpSuccesses"),
		metric(SignUpThrottle, "sign-ups that Cognito refused for their number", Sum, "SignUpThrottles"),
		metric(SignIns, "players who signed in", Sum, "SignInSuccesses"),
		metric(SignInAttempts, "attempts to sign in", Samples, "SignInSuccesses"),
		metric(SignInThrottle, "sign-ins that Cognito refused for their number", Sum, "SignInThrottles"),
	}
}
