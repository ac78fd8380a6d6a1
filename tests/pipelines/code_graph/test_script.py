from __future__ import annotations

import json

from tests.pipelines.code_graph.programs import edges, expected


def test_classes_accessors_and_super() -> None:
    source = """
class Base { constructor(f) { f() } step() {} static make() { return new this(done) } }
class Child extends Base { constructor() { super(done) } get size() { return this.step() } step() { super.step() } }
function done() {}
const child = new Child()
console.log(child.size)
"""
    assert edges({"a.js": source}) == expected(
        """> Child.constructor
        > Child.size
        Child.constructor > Base.constructor
        Base.constructor > done
        Base.make > Base.constructor
        Child.size > Child.step
        Child.step > Base.step"""
    )


def test_functions_flow_through_objects_arrays_and_destructuring() -> None:
    source = """
const a = () => {}, b = () => {}, c = () => {}
const table = { a, nested: { b }, run() { this.a() } }
const { nested: { b: other } } = table
other()
table.run()
const [first] = [c]
first()
;[a].forEach(f => f())
"""
    assert edges({"a.js": source}) == expected(
        """> b
        > c
        > run
        > <anonymous>
        run > a
        <anonymous> > a"""
    )


def test_prototypes_and_commonjs() -> None:
    files = {
        "shop.js": "function Shop() {}\nShop.prototype.open = function () { this.ring() }\n"
        "Shop.prototype.ring = () => {}\nmodule.exports = Shop\n",
        "main.js": "const Shop = require('./shop')\nnew Shop().open()\n",
    }
    assert edges(files) == expected(
        """main.js:: > shop.js::Shop
        main.js:: > shop.js::open
        shop.js::open > shop.js::ring"""
    )


def test_names_are_found_through_re_exports_and_folders() -> None:
    files = {
        "lib/index.ts": "export * from './inner'\nexport { default as make } from './make'\n",
        "lib/inner.ts": "export function work() {}\n",
        "lib/make.ts": "export default function () {}\n",
        "main.ts": "import * as lib from './lib'\nimport { work, make } from './lib/index.js'\n"
        "work()\nmake()\nlib.work()\n",
    }
    assert edges(files) == expected(
        """main.ts:: > lib/inner.ts::work
        main.ts:: > lib/make.ts::default"""
    )


def test_tsconfig_paths_extends_and_base_url_lead_to_files() -> None:
    files = {
        "tsconfig.base.json": '{ "compilerOptions": { "paths": { "@lib/*": ["packages/lib/src/*"], }, }, } // shared',
        "app/tsconfig.json": json.dumps({"extends": "../tsconfig.base.json", "compilerOptions": {"baseUrl": "src"}}),
        "packages/lib/src/one.ts": "export const one = () => {}\n",
        "app/src/near.ts": "export const near = () => {}\n",
        "app/src/main.ts": "import { near } from 'near'\nnear()\n",
        "web/tsconfig.json": json.dumps({"extends": "../tsconfig.base.json"}),
        "web/main.ts": "import { one } from '@lib/one'\none()\n",
    }
    assert edges(files) == expected(
        """app/src/main.ts:: > app/src/near.ts::near
        web/main.ts:: > packages/lib/src/one.ts::one"""
    )


def test_packages_of_a_workspace_are_found_by_their_names() -> None:
    files = {
        "packages/core/package.json": json.dumps({"name": "@shop/core", "exports": {".": "./src/start.ts"}}),
        "packages/core/src/start.ts": "export function start() {}\n",
        "packages/app/main.ts": "import { start } from '@shop/core'\nstart()\n",
    }
    assert edges(files) == {"packages/app/main.ts:: > packages/core/src/start.ts::start"}


def test_declared_types_of_typescript_tell_receivers() -> None:
    source = """
interface Clock { now(): Moment }
class Moment { show() {} }
class Shop {
  constructor(private clock: Clock, readonly many: Moment[]) {}
  open(): Promise<Moment> { this.clock.now().show(); return null as any }
  async close() { (await this.open()).show(); for (const each of this.many) each.show() }
}
function run(shop?: Shop) { shop?.close() }
"""
    assert edges({"a.ts": source}) == expected(
        """Shop.open > Clock.now
        Shop.open > Moment.show
        Shop.close > Shop.open
        Shop.close > Moment.show
        run > Shop.close"""
    )


def test_a_component_calls_the_components_in_it() -> None:
    files = {"a.tsx": "const Row = () => <li/>\nexport function List() { return <ul><Row/></ul> }\n"}
    assert edges(files) == {"List > Row"}
