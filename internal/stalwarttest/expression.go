package stalwarttest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Expressions decide per session: {"match":{"0":{"if","then"}},"else"}. The
// stand-in understands the part of the language that grants senders.

var (
	tokenPattern = regexp.MustCompile(`'[^']*'|"[^"]*"|&&|\|\||==|!=|[!()+,\[\]]|[A-Za-z0-9_.*-]+`)
	namePattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)
)

// environment is what an expression can ask for.
type environment struct {
	variables map[string]any
	isLocal   func(domain string) bool
	keyExists func(list, key string) bool
}

func knownName(name string) bool {
	return slices.Contains(strings.Fields(`authenticated_as sender sender_domain rcpt rcpt_domain local_port local_ip
		remote_ip remote_port listener is_tls helo_domain priority protocol true false
		is_local_domain is_local_address key_exists key_get starts_with ends_with contains len to_lowercase`), name)
}

// unknownName is the first name in an expression that means nothing. Other
// mistakes, like a missing operand, go unnoticed, as they do in Stalwart.
func unknownName(expression string) string {
	for _, token := range tokenPattern.FindAllString(expression, -1) {
		if namePattern.MatchString(token) && !knownName(token) {
			return token
		}
	}
	return ""
}

// checkExpressions refuses expressions with unknown names.
func (s *Server) checkExpressions(t *objectType, o object) *setError {
	fields := t.fields(o)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name].Type != "expr" || name == "saslMechanisms" || name == "waitOnFail" {
			continue
		}
		if part, bad := unknownIn(sub(o[name])); bad != "" {
			return &setError{Type: "validationFailed", Properties: []string{name}, Validation: []object{{
				"type": "Invalid", "property": name,
				"value": "Error parsing " + part + `: Invalid variable or constant "` + bad + `"`,
			}}}
		}
	}
	return nil
}

// unknownIn finds the first unknown name and says where it is.
func unknownIn(rules object) (part, name string) {
	for i, rule := range entries(rules["match"]) {
		for _, part := range []string{"if", "then"} {
			if bad := unknownName(str(rule[part])); bad != "" {
				return fmt.Sprintf("'%s' expression in condition #%d", part, i+1), bad
			}
		}
	}
	return "'else' expression", unknownName(str(rules["else"]))
}

// decideExpr walks the rules and evaluates the first that holds, or the else.
func decideExpr(rules object, env environment) any {
	for _, rule := range entries(rules["match"]) {
		if evaluate(str(rule["if"]), env) == true {
			return evaluate(str(rule["then"]), env)
		}
	}
	return evaluate(str(rules["else"]), env)
}

// evaluate returns the value of an expression, nil when it has none.
func evaluate(expression string, env environment) any {
	e := &evaluator{tokens: tokenPattern.FindAllString(expression, -1), env: env}
	return e.or()
}

type evaluator struct {
	tokens []string
	env    environment
}

func (e *evaluator) peek() string {
	if len(e.tokens) == 0 {
		return ""
	}
	return e.tokens[0]
}

func (e *evaluator) accept(token string) bool {
	if e.peek() != token {
		return false
	}
	e.tokens = e.tokens[1:]
	return true
}

func (e *evaluator) or() any {
	v := e.and()
	for e.accept("||") {
		w := e.and()
		v = v == true || w == true
	}
	return v
}

func (e *evaluator) and() any {
	v := e.comparison()
	for e.accept("&&") {
		w := e.comparison()
		v = v == true && w == true
	}
	return v
}

func (e *evaluator) comparison() any {
	v := e.sum()
	switch {
	case e.accept("=="):
		return v == e.sum()
	case e.accept("!="):
		return v != e.sum()
	}
	return v
}

func (e *evaluator) sum() any {
	v := e.operand()
	for e.accept("+") {
		v = str(v) + str(e.operand())
	}
	return v
}

func (e *evaluator) operand() any {
	switch {
	case e.accept("!"):
		return e.operand() != true
	case e.accept("("):
		v := e.or()
		e.accept(")")
		return v
	case len(e.tokens) == 0:
		return nil
	}
	token := e.tokens[0]
	e.tokens = e.tokens[1:]
	if token[0] == '\'' || token[0] == '"' {
		return strings.Trim(token, token[:1])
	}
	if e.peek() == "(" && namePattern.MatchString(token) {
		return e.function(token)
	}
	return e.variable(token)
}

func (e *evaluator) variable(name string) any {
	switch name {
	case "true":
		return true
	case "false":
		return false
	}
	if v, ok := e.env.variables[name]; ok {
		return v
	}
	return name // a number or a constant
}

func (e *evaluator) function(name string) any {
	e.accept("(")
	var args []string
	for e.peek() != ")" && len(e.tokens) > 0 {
		args = append(args, str(e.or()))
		e.accept(",")
	}
	e.accept(")")
	if len(args) < 2 {
		return nil
	}
	switch name {
	case "is_local_domain":
		return e.env.isLocal != nil && e.env.isLocal(args[1])
	case "key_exists":
		return e.env.keyExists != nil && e.env.keyExists(args[0], args[1])
	case "starts_with":
		return strings.HasPrefix(args[0], args[1])
	case "ends_with":
		return strings.HasSuffix(args[0], args[1])
	case "contains":
		return strings.Contains(args[0], args[1])
	}
	return nil
}
