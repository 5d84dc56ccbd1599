package health

// checks are all there are, in the order in which they are told: who asks, what is
// deployed, what bounds how many can play, and what keeps their saves.
func checks() []check {
	return []check{
		{name: "credentials", ofAccount: true, look: (*patient).credentials},
		{name: "permissions", ofAccount: true, look: (*patient).permissions},
		{name: "region", ofAccount: true, look: (*patient).region},
		{name: "clock", ofAccount: true, look: (*patient).clock},
		{name: "stack", atAGlance: true, look: (*patient).stackState},
		{name: "version", atAGlance: true, look: (*patient).version},
		{name: "drift", atAGlance: true, look: (*patient).drift},
		{name: "artefacts", look: (*patient).artefacts},
		{name: "errors", atAGlance: true, look: (*patient).errors},
		{name: "concurrency", ofAccount: true, look: (*patient).concurrency},
		{name: "refusals", atAGlance: true, look: (*patient).refusals},
		{name: "throttle", look: (*patient).throttle},
		{name: email, look: (*patient).mail},
		{name: "accounts", look: (*patient).accounts},
		{name: "table", atAGlance: true, look: (*patient).table},
		{name: "versions", atAGlance: true, look: (*patient).versions},
		{name: "private", atAGlance: true, look: (*patient).private},
		{name: "tls", atAGlance: true, look: (*patient).tls},
		{name: "alarms", look: (*patient).alarms},
		{name: "retention", look: (*patient).retention},
	}
}
