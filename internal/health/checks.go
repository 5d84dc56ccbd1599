package health

// checks are all there are, in the order in which they are told: who asks, what is
// deployed, what bounds how many can play, and what keeps their saves.
func checks() []check {
	return []check{
		{"credentials", true, (*patient).credentials},
		{"permissions", true, (*patient).permissions},
		{"region", true, (*patient).region},
		{"clock", true, (*patient).clock},
		{"stack", false, (*patient).stackState},
		{"version", false, (*patient).version},
		{"drift", false, (*patient).drift},
		{"artefacts", false, (*patient).artefacts},
		{"concurrency", true, (*patient).concurrency},
		{"refusals", false, (*patient).refusals},
		{"throttle", false, (*patient).throttle},
		{email, false, (*patient).mail},
		{"accounts", false, (*patient).accounts},
		{"table", false, (*patient).table},
		{"versions", false, (*patient).versions},
		{"private", false, (*patient).private},
		{"tls", false, (*patient).tls},
		{"retention", false, (*patient).retention},
	}
}
