package stalwarttest

func scenarios163() []scenario {
	fixture := Options{Version: "0.16.3", Domain: "example.test"}
	return []scenario{
		{opts: Options{Version: "0.16.3", AdminPassword: "direct-test-pass", KeepPyzor: true, KeepThrottle: true, SubmissionAddr: "-", SubmissionsAddr: "-"}, steps: []step{
			{file: "03-direct-config-first-boot"},
		}},
		{opts: Options{Version: "0.16.3", AdminPassword: "recovery-test-pass", Mode: "recovery"}, steps: []step{
			{file: "05b-recovery-mode-prehashed", prepare: func(l *lab, index int) {
				if index == 7 {
					restart("")(l)
				}
			}},
		}},
		{opts: fixture, steps: []step{
			{file: "63b-volume-lost-with-clients", prepare: func(l *lab, index int) {
				if index == 1 {
					l.s.Wipe()
					restart("")(l)
				}
			}},
		}},
		{opts: fixture, steps: mainSteps163()},
	}
}

func mainSteps163() []step {
	return []step{
		{file: "12-jmap-request-errors"},
		{file: "13-generation-detection"},
		{file: "21-domain-create"},
		{file: "21b-domain-names"},
		{file: "30-account-create"},
		{file: "31b-prehashed-secret", prepare: at(map[int]func(*lab){
			3: destroyAccount("bn"), 4: destroyAccount("bo"), 5: destroyAccount("bp"), 6: destroyAccount("bq"),
		})},
		{file: "32-account-password-update"},
		{file: "33-account-alias-update", before: makeAccount("c", object{"name": "x2"})},
		{file: "33b-null-path-bug", before: all(noreply(), update("Account", "b", object{"aliases": object{"0": object{"name": "alerts", "domainId": "b", "description": "one"}, "1": object{"name": "billing", "domainId": "b", "description": "two"}, "2": object{"name": "ci", "domainId": "b", "description": "three"}}}))},
		{file: "33c-disabled-alias", before: noreply("alerts", "billing")},
		{file: "33d-digits-in-ids", before: all(
			skipIDs("Account", "2"),
			makeAccount("2", object{"@type": "Group", "name": "digits-a"}), makeAccount("0", object{"@type": "Group", "name": "digits-b"}),
		)},
		{file: "34-rotation-apppassword"},
		{file: "39-negative-cache", before: all(destroyAccount("9"), noreply("alerts", "billing")), prepare: at(map[int]func(*lab){
			15: destroyAccount("z"),
		})},
		{file: "50-dkim-list"},
		{file: "52-dkim-signing-and-cache"},
		{file: "80b-api-key-negative-caches", prepare: at(map[int]func(*lab){
			1: makeKey("bs", "g", "API_AAAAMgAAAAEHzofcICqVQN3cotb9az4wbU7SYw"),
			4: makeKey("bt", "h", "API_AAAAMwAAAAEcTqoyCCnlA_VsypeKfxqiHSa6SA"),
			7: makeKey("bu", "i", "API_AAAANAAAAAEzNCwFcrVkS7E8Zf6gBk_2Sif6hA"),
		})},
		{file: "91-other-grants"},
		{file: "91b-domain-alias"},
		{file: "70-ban-http", source: from("127.0.0.2", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 17, 18, 19)},
		{file: "74-rate-limits-and-scan", before: knock("127.0.0.8", "/healthz/ready", 100), source: from("127.0.0.8", 0, 1)},
		{file: "75-ban-keepalive", before: all(unban, failures("127.0.0.11", "u1@example.test", 6))},
		{file: "76-ban-period", before: all(unban, banRate(100)), source: func(index int) string {
			return map[int]string{2: "127.0.0.12", 3: "127.0.0.13", 4: "127.0.0.13"}[index]
		}},
	}
}

func notReplayed163() map[string]string {
	return map[string]string{"91-other-grants[7]": "mail data is not part of the stand-in"}
}
