from __future__ import annotations

from tests.pipelines.code_graph.programs import edges, expected

MOD = {"go.mod": "module example.org/x\n"}


def test_packages_are_folders_and_methods_may_stand_in_other_files() -> None:
    files = MOD | {
        "a.go": 'package main\nimport "example.org/x/sub"\nfunc main() { t := sub.New(); t.Do(); help() }\n',
        "b.go": "package main\nfunc help() {}\n",
        "sub/t.go": "package sub\ntype T struct{}\nfunc New() *T { return &T{} }\n",
        "sub/do.go": "package sub\nfunc (t *T) Do() { t.more() }\nfunc (t *T) more() {}\n",
    }
    assert edges(files) == expected(
        """a.go::main > sub/t.go::New
        a.go::main > sub/do.go::T.Do
        a.go::main > b.go::help
        sub/do.go::T.Do > sub/do.go::T.more"""
    )


def test_embedded_structs_lend_their_methods_and_fields() -> None:
    source = """package p
type Base struct { log Log }
type Log struct{}
func (l *Log) Say() {}
func (b *Base) Run() { b.log.Say() }
type Child struct { *Base; n int }
func f(c Child) { c.Run(); c.log.Say() }
"""
    assert edges({"a.go": source}) == expected(
        """f > Base.Run
        f > Log.Say
        Base.Run > Log.Say"""
    )


def test_an_interface_runs_what_flows_into_it_else_what_meets_it() -> None:
    source = """package p
type Bell interface { Ring() }
type Brass struct{}
func (Brass) Ring() {}
type Tin struct{}
func (Tin) Ring() {}
func (Tin) Dent() {}
type Mute struct{}
func pick() Bell { return Brass{} }
func flows() { pick().Ring() }
func unknown(bells map[string]Bell) { for _, b := range bells { b.Ring() } }
"""
    assert edges({"a.go": source}) == expected(
        """flows > pick
        flows > Brass.Ring
        unknown > Brass.Ring
        unknown > Tin.Ring"""
    )


def test_function_values_several_results_and_type_switches() -> None:
    source = """package p
type T struct{}
func (T) A() {}
type U struct{}
func (U) B() {}
func two() (T, U) { return T{}, U{} }
func apply(f func()) { f() }
func hit() {}
func main() {
	t, u := two()
	t.A()
	u.B()
	apply(hit)
	apply(func() { hit() })
	var v any = t
	switch w := v.(type) {
	case U:
		w.B()
	}
	if x, ok := v.(T); ok { x.A() }
}
"""
    assert edges({"a.go": source}) == expected(
        """main > two
        main > T.A
        main > U.B
        main > apply
        apply > hit
        apply > main.<func1>
        main.<func1> > hit"""
    )
