package stalwarttest

import (
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// The hashes were made by other programs: OpenSSL, passlib, Python's hashlib.
func TestVerifySecret(t *testing.T) {
	quick, err := bcrypt.GenerateFromPassword([]byte("secret-for-test"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ stored, password string }{
		{"$6$testsaltAAAA$ulbisaQ3NMaA3pggW..kAKc5ufbZsTtsApcel40YVhXESIe6vIS20ZUezCLKvWoDOs0lIVpvGqFjEztyroolk0", "TEST-noreply-password-1"},
		{"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1", "Hello world!"},
		{"$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"},
		{"$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.", "Hello world!"},
		{string(quick), "secret-for-test"},
		{"$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$HexIYGy9MSBnD5n+4kPofo4kPj/28pbg3qowOfATiX4", "secret-for-test"},
		{"$pbkdf2-sha512$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$f9BCVYjRDgsz2th7KxN9hXsS5/7Rm7Ebv5QBu4TS4lA", "secret-for-test"},
		{"{SSHA512}/4MziEB5iEl0GOp2zzxZB0QzYLRpVbyxUpgAqzqUIscvxrGOH+k/hR4jv1V1SZSu7gvGGSYEEa7v7gDLrvvPCnNhbHQ=", "secret-for-test"},
		{"{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=", "secret"},
		{"{PLAIN}secret", "secret"},
		{"plain text", "plain text"},
		{hashSecret("a"), "a"},
	} {
		if ok, err := verifySecret(c.stored, c.password); !ok || err != nil {
			t.Errorf("%.12s...: the right password is refused (%v)", c.stored, err)
		}
		if ok, err := verifySecret(c.stored, c.password+"x"); ok || err != nil {
			t.Errorf("%.12s...: a wrong password is accepted (%v)", c.stored, err)
		}
	}
	for _, stored := range []string{"$y$j9T$x", "{ecret", "$ecret", "$6$x"} {
		if _, err := verifySecret(stored, stored); err == nil {
			t.Errorf("%q is no readable hash, and nobody complains", stored)
		}
	}
}

func TestWeakness(t *testing.T) {
	policy := object{"passwordMinLength": 8.0, "passwordMaxLength": 128.0}
	for _, weak := range []string{"", "Ab1!x", "password", "password123", "aaaaaaaaaaaa", "Qwertyuiop1"} {
		if weakness(weak, policy) == "" {
			t.Errorf("%q is accepted", weak)
		}
	}
	for _, strong := range []string{testPassword, otherPassword, randomText(24), "Third-Zebra-Lantern-31"} {
		if text := weakness(strong, policy); text != "" {
			t.Errorf("a password of %d characters is refused: %s", len(strong), text)
		}
	}
}
