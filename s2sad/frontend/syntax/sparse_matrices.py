"""Sparse matrices as values: what makes them, their operators, methods and items, by the book of `ir.sparse`.

    A = csr_array((v, (i, j)))      v1 = scipy.sparse.csr_array((v, (i, j))), and beside it v, i, j
    y = A @ x                       the call as it stands, with its derivative by v and x

A matrix is a Record of the object and its entries; one from outside has the entries that the object holds.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.syntax.objects import BINARY_METHODS
from s2sad.frontend.terms.terms import Method, Record, Ref, Slice, Term, is_array
from s2sad.ir.builder import Expr
from s2sad.ir.containers import UNDEFINED
from s2sad.ir.solver import is_holder, public_name
from s2sad.ir.sparse import (
    FACTORS,
    LINE,
    Dense,
    Factors,
    Line,
    Matrix,
    Rule,
    UsersCall,
    is_still,
    of_object,
    parameters_of,
    row_of_factors,
    row_of_function,
    row_of_line,
    row_of_method,
)
from s2sad.ir.types import BOTTOM, ContainerType, SparseType
from s2sad.ir.values import Constant, Operand, constant, is_operand

SIGNS: dict[str, str] = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "matmul": "@", "pow": "**"}
"""The operators of matrices, by the names of their methods."""
OF_NUMPY = frozenset({"sum", "mean", "trace", "diagonal"})
"""The functions of NumPy that call the method of their name."""


class SparseMatrices(Lowering):
    """Lowers what is done with sparse matrices."""

    # terms

    def is_sparse(self, term: Term) -> bool:
        """Whether a term is a sparse matrix, or what solves with one."""
        if isinstance(term, (Record, Ref)):
            return term.cls in _classes()
        if not is_operand(term):
            return False
        t = term.type
        return isinstance(t, SparseType) or (isinstance(t, ContainerType) and t.cls in _classes())

    def kind_of_sparse(self, term: Term) -> Any:
        """The class of a term: that of matrices, of factors, or of rows and columns."""
        return term.cls if isinstance(term, (Record, Ref)) else term.type.cls if is_operand(term) else None

    def row_for(self, term: Term, name: str) -> Rule | None:
        """The row of a method of what a term is."""
        kind = self.kind_of_sparse(term)
        return row_of_factors(name) if kind is Factors else row_of_line(name) if kind is Line else row_of_method(name)

    def sparse_term(self, operand: Operand) -> Term:
        """A matrix from outside as a term; other operands as they are, and the object of a factorised matrix."""
        if not isinstance(operand.type, SparseType) or operand.type.format in (FACTORS, LINE):
            return operand
        return self.sparse_result(of_object(self.entry.expr(operand)))

    def sparse_value(self, term: Term) -> Any:
        """A term as rules of sparse matrices take it."""
        if self.is_sparse(term):
            opened = self.open(term)
            if is_operand(opened):
                opened = self.sparse_term(opened)
            assert isinstance(opened, Record)
            if "places" in opened.items:
                parts = [self.sparse_operand(opened), *map(self.to_operand, (opened.items[n] for n in _OF_LINE[1:]))]
                return Line(*map(self.builder.expr, parts))
            if "matrix" in opened.items:
                whole = self.builder.expr(self.sparse_operand(opened))
                return Factors(whole, self.sparse_value(opened.items["matrix"]))
            parts = [self.sparse_operand(opened), *(self.to_operand(opened.items[n]) for n in _NAMES[1:])]
            return Matrix(*map(self.builder.expr, parts))
        if isinstance(term, Slice):
            return slice(*(self.sparse_value(p) for p in (term.start, term.stop, term.step)))
        opened = self.open(term)
        if isinstance(opened, (tuple, list)):
            return type(opened)(map(self.sparse_value, opened))
        operand = self.to_operand(self.listed(term))
        if operand in self.slices:
            return self.sparse_value(self.slices[operand])
        if isinstance(operand, Constant) and not isinstance(operand.value, np.ndarray):
            return operand.value
        if isinstance(operand.type, ContainerType) and operand.type.cls in (tuple, list):
            items = [self.sparse_value(self.builder.extract(operand, k)) for k in operand.type.keys]
            return operand.type.cls(items)
        return self.builder.expr(operand)

    def sparse_result(self, found: Any) -> Term:
        """What a rule gives, as a term."""
        if isinstance(found, Matrix):
            operands = {n: e.operand for n, e in zip(_NAMES, found.__dict__.values(), strict=True)}
            return Record(_classes()[found.type.is_spmatrix], operands)
        if isinstance(found, Line):
            return Record(Line, {n: e.operand for n, e in zip(_OF_LINE, found.__dict__.values(), strict=True)})
        if isinstance(found, Dense):
            return Record(np.matrix, {"array": found.array.operand})
        if isinstance(found, Factors):
            items = {"object_": found.object.operand, "matrix": self.sparse_result(found.matrix)}
            return Record(_classes()[2], items)
        if isinstance(found, tuple):
            return tuple(map(self.sparse_result, found))
        return self.adopt(found.operand if isinstance(found, Expr) else constant(found))

    def is_operator(self, term: Term) -> bool:
        """Whether a term is a linear operator, which holds a function: solvers take it."""
        opened = self.open(term) if isinstance(term, Ref) else term
        return isinstance(opened, Record) and is_holder(opened.cls)

    def dense_array(self, term: Term) -> Term:
        """A `np.matrix` as the array that it holds."""
        opened = self.open(term)
        assert isinstance(opened, Record)
        return self.adopt(opened.items["array"])

    # calls

    def call_sparse(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """The call of a function that has a row in the book of sparse matrices; None for others."""
        rule = row_of_function(f)
        if rule is not None and self.is_operator(arguments[0] if arguments else keywords.get("A", constant(None))):
            return None
        if rule is not None:
            module = "scipy.sparse.linalg" if ".linalg" in (f.__module__ or "") else "scipy.sparse"
            name = f"{module}.{f.__name__}"
            return self.by_rule(rule, f, name, f"{name}(%s)", arguments, keywords, node, hint=hint)
        if not arguments and isinstance(f, type) and f in _classes():
            return Record(f, keywords)  # a rule puts it together of its parts
        if any(self.is_sparse(t) or is_dense(t) for t in (*arguments, *keywords.values())):
            return self.call_of_library(f, arguments, keywords, node, hint)
        return None

    def call_of_library(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function of a library that has no row, of sparse matrices; None for functions of the user's."""
        name = getattr(f, "__name__", "")
        root = "numpy" if isinstance(f, np.ufunc) else (getattr(f, "__module__", None) or "").partition(".")[0]
        first = arguments[0] if arguments else constant(None)
        if f is abs or (f is np.abs and self.is_sparse(first)):
            return self.method_of_sparse(first, "__abs__", [], {}, node)
        if all(is_operand(t) for t in (*arguments, *keywords.values())):
            return None  # objects
        if f is isinstance and self.is_sparse(first):
            return constant(issubclass(self.class_of_sparse(first, node), self.static(arguments[1], node)))
        if f in (print, str, repr):
            return self.call(constant(f), list(map(self.shown_object, arguments)), keywords, node, hint)
        if root not in ("numpy", "scipy"):
            return None
        if is_dense(first) and f in (np.asarray, np.array) and len(arguments) == 1 and not keywords:
            return self.dense_array(first)
        if is_dense(first):
            self.refuse(node, DENSE, "make an array of it: np.asarray(x)", UnsupportedType)
        one = self.is_sparse(first) and len(arguments) == 1
        if one and (isinstance(f, np.ufunc) or name in OF_NUMPY) and row_of_method(name):
            return self.method_of_sparse(first, name, [], keywords, node)
        sparse = [t for t in (*arguments, *keywords.values()) if self.is_sparse(t)]
        if root == "scipy" and all(is_still(self.sparse_value(t)) for t in sparse):
            named = {k: self.shown_object(t) for k, t in keywords.items()}
            return self.call(constant(f), list(map(self.shown_object, arguments)), named, node, hint)
        self.refuse(
            node,
            f"there is no derivative rule for {public_name(f)} of a sparse matrix",
            "use methods of the matrix, or A.toarray()",
            UnsupportedCall,
        )

    def class_of_sparse(self, term: Term, node: gast.AST) -> type:
        """The class that a sparse matrix has in SciPy."""
        t = self.sparse_operand(term).type
        assert isinstance(t, SparseType)
        if t.format is None:
            self.refuse(node, "the class of a sparse matrix that may have one format or another", "", UnsupportedType)
        if t.format == FACTORS:
            return Factors
        found = getattr(sys.modules["scipy.sparse"], f"{t.format}_{'matrix' if t.is_spmatrix else 'array'}")
        assert isinstance(found, type)
        return found

    def shown_object(self, term: Term) -> Term:
        """A sparse matrix as the object that it is, without its entries; other terms as they are."""
        return self.sparse_operand(term) if self.is_sparse(term) else term

    def method_of_sparse(
        self,
        receiver: Term,
        name: str,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None = None,
    ) -> Term:
        """The call of a method of a matrix, or of what solves with it."""
        factors = self.kind_of_sparse(receiver) is Factors
        rule = self.row_for(receiver, name)
        if rule is None:
            what = "the factors of a sparse matrix" if factors else "a sparse matrix"
            self.refuse(node, f"there is no derivative rule for {name} of {what}", "", UnsupportedCall)
        text = f"_0.{name}(%s)"
        if name == "__abs__":
            text = "abs(_0)%s"
        elif name == "__call__":
            text = "_0(%s)"
        elif not factors and _is_attribute(name):
            text = f"_0.{name}%s"
        shown = f"scipy.sparse matrix.{name}"
        function = getattr(_classes()[0], name, None)
        return self.by_rule(rule, function, shown, text, arguments, keywords, node, receiver, hint)

    def by_rule(
        self,
        rule: Rule,
        function: Any,
        name: str,
        text: str,
        arguments: Sequence[Term],
        keywords: Mapping[str, Term],
        node: gast.AST,
        receiver: Term | None = None,
        hint: str | None = None,
    ) -> Term:
        """What a rule gives for a call, which stays as it is written."""
        first = [] if receiver is None else [receiver]
        try:
            parameters_of(rule).bind(*first, *arguments, **keywords)
        except TypeError as e:
            self.refuse(node, f"{name}: {e}", "leave this argument out", UnsupportedCall)
        operands: list[Operand] = [] if receiver is None else [self.sparse_operand(receiver)]
        texts = [self.argument_text(a, operands) for a in arguments]
        texts += [f"{k}={self.argument_text(v, operands)}" for k, v in keywords.items()]
        if any(o.type == BOTTOM for o in operands):
            # what a function gives that calls itself is not known yet
            return self.builder.apply(UNDEFINED, (), {"type": BOTTOM})
        shares = isinstance(function, type)
        for ref in [r for t in (*arguments, *keywords.values()) for r in self.reachable(t)] if shares else ():
            if is_array(ref):
                self.frozen.setdefault(ref.cell, "after a sparse matrix was made of it, which holds it")
        users = UsersCall(self.builder, name, text.replace("%s", ", ".join(texts)), operands, function, hint)
        given = [self.sparse_value(t) for t in (*first, *arguments)]
        return self.sparse_result(rule(users, *given, **{k: self.sparse_value(v) for k, v in keywords.items()}))

    def sparse_operand(self, term: Term) -> Operand:
        """The object that a matrix is: one that a closure is given in parts is a matrix again."""
        opened = self.open(term)
        while isinstance(opened, Record):
            opened = self.open(opened.items["object_"])
        return self.to_operand(opened)

    def argument_text(self, term: Term, operands: list[Operand]) -> str:
        """How an argument is written; what it is made of is added to the operands."""
        if isinstance(term, Slice):
            parts = ["" if _is_none(p) else self.argument_text(p, operands) for p in (term.start, term.stop, term.step)]
            return ":".join(parts if parts[2] else parts[:2])
        if self.is_sparse(term):
            operands.append(self.sparse_operand(term))
            return f"_{len(operands) - 1}"
        opened = self.open(term)
        if isinstance(opened, (tuple, list)):
            items = [self.argument_text(t, operands) for t in opened]
            if isinstance(opened, list):
                return f"[{', '.join(items)}]"
            return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
        operand = self.to_operand(self.listed(term))
        if operand in self.slices:
            return self.argument_text(self.slices[operand], operands)
        if isinstance(operand, Constant) and isinstance(operand.value, slice):
            s = operand.value
            return self.argument_text(Slice(*map(constant, (s.start, s.stop, s.step))), operands)
        operands.append(operand)
        return f"_{len(operands) - 1}"

    # operators, attributes, items

    def sparse_binary(self, node: gast.BinOp, left: Term, right: Term, hint: str | None) -> Term | None:
        """An operator with a sparse matrix on one side or both; None for others."""
        if is_dense(left) or is_dense(right):
            self.refuse(node, DENSE, "make an array of it: np.asarray(x)", UnsupportedType)
        sparse = [self.is_sparse(t) for t in (left, right)]
        if not any(sparse):
            return None
        name = BINARY_METHODS[type(node.op)]
        method = f"__{name}__" if sparse[0] else f"__r{name}__"
        receiver, other = (left, right) if sparse[0] else (right, left)
        rule = self.row_for(receiver, method)
        if rule is None or name not in SIGNS:
            self.refuse(node, f"the operator {name} of a sparse matrix", "use its methods", UnsupportedType)
        text = f"_0 {SIGNS[name]} %s" if sparse[0] else f"%s {SIGNS[name]} _0"
        return self.by_rule(rule, None, f"sparse {name}", text, [other], {}, node, receiver, hint)

    def sparse_unary(self, node: gast.UnaryOp, term: Term, hint: str | None) -> Term | None:
        """A sign before a sparse matrix."""
        if not self.is_sparse(term):
            return None
        signs: dict[type, tuple[str, str]] = {gast.USub: ("__neg__", "-_0%s"), gast.UAdd: ("__pos__", "+_0%s")}
        if type(node.op) not in signs:
            self.refuse(node, "~ of a sparse matrix", "", UnsupportedType)
        name, text = signs[type(node.op)]
        rule = self.row_for(term, name)
        if rule is None:
            self.refuse(node, "a sign before a row or column of a sparse array", "", UnsupportedType)
        return self.by_rule(rule, None, "sparse negative", text, [], {}, node, term, hint)

    def sparse_attribute(self, base: Term, name: str, node: gast.AST) -> Term | None:
        """An attribute of a sparse matrix; None for other terms."""
        if is_dense(base) and name in ("A", "A1", "shape"):
            array = self.dense_array(base)
            if name == "A1":
                array = self.apply(np.ravel, [self.to_operand(array)])
            return self.attribute(array, name, node) if name == "shape" else array
        if is_dense(base):
            self.refuse(node, DENSE, "make an array of it: np.asarray(x)", UnsupportedType)
        if not self.is_sparse(base):
            return None
        if name in _NAMES or name in _OF_LINE:
            opened = self.open(base)
            return opened.items[name] if isinstance(opened, Record) else None
        factors = self.kind_of_sparse(base) is Factors
        if factors and name in ("L", "U", "perm_r", "perm_c"):
            self.refuse(node, f"{name} of the factors of a sparse matrix", "use solve", UnsupportedType)
        if factors and name in ("shape", "nnz"):
            return self.method_of_sparse(base, name, [], {}, node)
        if factors or (self.row_for(base, name) is not None and not _is_attribute(name)):
            return Method(base, name)
        if self.row_for(base, name) is None:
            self.refuse(node, f"the attribute {name} of a sparse matrix", "", UnsupportedType)
        found = self.method_of_sparse(base, name, [], {}, node)
        for ref in self.reachable(found):
            self.frozen.setdefault(ref.cell, "which a sparse matrix holds")
        return found

    def sparse_item(self, base: Term, index: Term, node: gast.AST, hint: str | None) -> Term | None:
        """`A[i, j]`; None for other terms."""
        if is_dense(base):
            self.refuse(node, DENSE, "make an array of it: np.asarray(x)", UnsupportedType)
        if not self.is_sparse(base):
            return None
        rule = self.row_for(base, "__getitem__")
        if rule is None:
            self.refuse(node, "an item of a row or column of a sparse array", "write A[i, j]", UnsupportedType)
        operands = [self.sparse_operand(base)]
        parts = index if isinstance(index, tuple) else (index,)
        text = f"_0[{', '.join(self.argument_text(i, operands) for i in parts)}]"
        users = UsersCall(self.builder, "sparse item", text, operands, None, hint=hint)  # type: ignore[arg-type]
        given = tuple(map(self.sparse_value, parts))
        return self.sparse_result(rule(users, self.sparse_value(base), given if len(given) > 1 else given[0]))

    def refuse_written(self, base: Term, node: gast.AST) -> None:
        """Refuse to write into a sparse matrix."""
        if self.is_sparse(base):
            instead = "make a new one of data and places: csr_array((data, (rows, cols)), shape=...)"
            self.refuse(node, "a sparse matrix is written into", instead, UnsupportedType)


def is_dense(term: Term) -> bool:
    """Whether a term is a `np.matrix` that SciPy gave."""
    return isinstance(term, (Record, Ref)) and term.cls is np.matrix


DENSE = "a np.matrix, which a sparse matrix gave, is used as one"
_OF_LINE = ("object_", "values", "places")
_NAMES = ("object_", "values", "rows", "cols")


def _classes() -> tuple[Any, ...]:
    """The classes of sparse arrays and matrices, of factors, and of rows and columns."""
    module: Any = sys.modules.get("scipy.sparse")
    if module is None:
        return ()
    return module.sparray, module.spmatrix, Factors, Line


def _is_attribute(name: str) -> bool:
    """Whether a row is that of an attribute."""
    found = inspect.getattr_static(sys.modules["scipy.sparse"].csr_array, name, None)
    return not callable(found) or isinstance(found, property)


def _is_none(term: Term) -> bool:
    return isinstance(term, Constant) and term.value is None
