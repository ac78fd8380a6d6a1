from __future__ import annotations

import pytest

from tests.pipelines.code_graph.programs import edges, expected

CASES = {
    "static and class methods come with their class": (
        """
class Till:
    @staticmethod
    def ring(bell): bell()
    @classmethod
    def make(cls):
        cls.ring(ding)
        return cls()
    def close(self): pass
def ding(): pass
Till.make().close()
""",
        """> Till.make
        > Till.close
        Till.make > Till.ring
        Till.make > Till
        Till.ring > ding""",
    ),
    "a method of a base calls what the subclass defines": (
        """
class Base:
    def run(self): self.step()
class Child(Base):
    def step(self): pass
Child().run()
""",
        """> Child
        > Base.run
        Base.run > Child.step""",
    ),
    "functions flow through containers and their methods": (
        """
def one(): pass
def two(): pass
def three(): pass
table = {}
table["a"] = one
table.update({"b": two})
table["b"]()
table.get("a")()
rest = []
rest.append(three)
for each in rest: each()
""",
        """> one
        > two
        > three""",
    ),
    "arguments reach parameters by position, name, star and double star": (
        """
def hit(): pass
def take(*args, **named):
    args[0]()
    named["k"]()
def plain(a, b=None): b()
def call(): pass
take(hit, k=call)
plain(1, b=hit)
plain(*(None, call))
""",
        """> take
        > plain
        take > hit
        take > call
        plain > hit
        plain > call""",
    ),
    "a decorated function is called, and so is what its decorator makes of it": (
        """
import functools
def log(fn):
    @functools.wraps(fn)
    def inner(*args):
        return fn(*args)
    return inner
@log
def work(done): done()
def end(): pass
work(end)
""",
        """> log
        > log.inner
        > work
        log.inner > work
        work > end""",
    ),
    "declared types tell what attributes, parameters and elements are": (
        """
from __future__ import annotations
class Ship:
    berth: Berth
    def home(self) -> Berth: ...
    def go(self): self.berth.clear(); self.home().clear()
class Berth:
    def clear(self): pass
def all_clear(berths: list[Berth], ship: Ship | None = None):
    for berth in berths: berth.clear()
    ship.go()
""",
        """Ship.go > Ship.home
        Ship.go > Berth.clear
        all_clear > Berth.clear
        all_clear > Ship.go""",
    ),
    "with, for, call and raise call what the protocol names": (
        """
class Door:
    def __enter__(self): return self
    def __exit__(self, *args): pass
    def __iter__(self): return self
    def __next__(self): return ring
    def __call__(self): pass
class Shut(Exception):
    def __init__(self): pass
def ring(): pass
def use():
    with Door() as door:
        door()
        for each in door: each()
        raise Shut
""",
        """use > Door
        use > Door.__enter__
        use > Door.__exit__
        use > Door.__iter__
        use > Door.__next__
        use > Door.__call__
        use > ring
        use > Shut.__init__""",
    ),
    "what a loop gives a name, the loop sees the next time": (
        """
def last(): pass
def walk(items):
    before = None
    for item in items:
        if before: before()
        before = last
""",
        "walk > last",
    ),
    "a name that is given another value calls the other": (
        """
def old(): pass
def new(): pass
pick = old
pick = new
pick()
""",
        "> new",
    ),
    "equal names alone make no edge": (
        """
class One:
    def save(self): pass
class Two:
    def save(self): pass
def keep(thing):
    thing.save()
""",
        "",
    ),
    "a property is its value": (
        """
class Shop:
    @property
    def till(self): return Till()
class Till:
    def ring(self): pass
Shop().till.ring()
""",
        """> Shop
        > Till.ring
        Shop.till > Till""",
    ),
    "partial passes what is filled in": (
        """
from functools import partial
def run(step): step()
def step(): pass
later = partial(run, step)
later()
""",
        """> run
        run > step""",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_python(case: str) -> None:
    source, wanted = CASES[case]
    assert edges({"main.py": source}) == expected(wanted)


def test_names_are_found_through_relative_and_re_exported_imports() -> None:
    files = {
        "pkg/__init__.py": "from .deep.inner import work as public\nfrom .more import *\n",
        "pkg/deep/__init__.py": "",
        "pkg/deep/inner.py": "from ..more import extra\ndef work(): extra()\n",
        "pkg/more.py": "def extra(): pass\n",
        "main.py": "import pkg\nfrom pkg import public, extra\npublic()\nextra()\npkg.deep.inner.work()\n",
    }
    assert edges(files) == expected(
        """main.py:: > pkg/deep/inner.py::work
        main.py:: > pkg/more.py::extra
        pkg/deep/inner.py::work > pkg/more.py::extra"""
    )
    assert "main.py:: > pkg/__init__.py::" in edges(files, "IMPORTS")


def test_a_folder_that_is_a_package_itself_is_imported_by_its_own_name() -> None:
    files = {"__init__.py": "", "a.py": "from shop.b import sell\nsell()\n", "b.py": "def sell(): pass\n"}
    assert edges(files, root="shop") == {"a.py:: > b.py::sell"}


def test_classes_inherit_across_files() -> None:
    files = {"a.py": "class A: pass\n", "b.py": "import a\nclass B(a.A): pass\n"}
    assert edges(files, "INHERITS") == {"b.py::B > a.py::A"}
