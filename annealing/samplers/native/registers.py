"""Vector registers as values of numba: what its compiler keeps in one, it need not reload.

numba's own loops over the reads of a block meet memory at every line; a register type lets a kernel
be written line by line as for one number, and holds 16 float32 or 8 uint64. Machines with narrower
registers split each in pieces, which LLVM does. A row of a C-contiguous array (rows, lanes) is one
register.
"""

# numba hands the first argument of an intrinsic, the typing context, to it itself.
# pyright: reportCallIssue=false

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model

BYTES = 64


class Register(types.Type):
    """The numba type of a register of `element`, a numba number type."""

    def __init__(self, element: Any):
        self.element = element
        self.lanes = 8 * BYTES // element.bitwidth
        super().__init__(f"Register({element})")

    def code(self) -> ir.VectorType:
        """The same type in LLVM."""
        real = self.element == types.float32
        return ir.VectorType(
            ir.FloatType() if real else ir.IntType(self.element.bitwidth), self.lanes
        )


FLOATS, NUMBERS, WORDS = (Register(kind) for kind in (types.float32, types.uint32, types.uint64))


@register_model(Register)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, kind.code())


def _row(context, builder, array_type, array, row, vector):
    """Pointer to a row, and what its element is aligned to."""
    data = context.make_array(array_type)(context, builder, array).data
    lanes = ir.Constant(row.type, vector.count)
    pointer = builder.gep(data, [builder.mul(row, lanes)])
    align = array_type.dtype.bitwidth // 8
    return builder.bitcast(pointer, vector.as_pointer()), align


@intrinsic
def load(typing, array, row):
    """A row (of int8 as float32)."""
    small = array.dtype == types.int8
    kind = FLOATS if small else Register(array.dtype)

    def code(context, builder, signature, args):
        stored = ir.VectorType(ir.IntType(8), kind.lanes) if small else kind.code()
        pointer, align = _row(context, builder, array, args[0], args[1], stored)
        value = builder.load(pointer, align=align)
        return builder.sitofp(value, kind.code()) if small else value

    return kind(array, types.intp), code


@intrinsic
def store(typing, array, row, value):
    """Put a register into a row (float32 into int8)."""
    small = array.dtype == types.int8

    def code(context, builder, signature, args):
        stored = ir.VectorType(ir.IntType(8), value.lanes) if small else value.code()
        pointer, align = _row(context, builder, array, args[0], args[1], stored)
        builder.store(builder.fptosi(args[2], stored) if small else args[2], pointer, align=align)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), code


@intrinsic
def filled(typing, number):
    """A register that holds one number in all lanes."""
    kind = Register(number)

    def code(context, builder, signature, args):
        vector = kind.code()
        first = ir.Constant(ir.IntType(32), 0)
        one = builder.insert_element(ir.Constant(vector, ir.Undefined), args[0], first)
        order = ir.Constant(ir.VectorType(ir.IntType(32), kind.lanes), [0] * kind.lanes)
        return builder.shuffle_vector(one, one, order)

    return kind(number), code


def _binary(make: Callable) -> Callable:
    """An operation of two registers of one kind."""

    @intrinsic
    def both(typing, x, y):
        if not isinstance(x, Register) or x != y:
            return None

        def code(context, builder, signature, args):
            return make(builder, *args, x.element == types.float32)

        return x(x, y), code

    return both


FUSE = ("contract",)  # a product and a sum may become one operation
BINARY = {
    operator.xor: _binary(lambda build, x, y, real: build.xor(x, y)),
    operator.and_: _binary(lambda build, x, y, real: build.and_(x, y)),
    operator.or_: _binary(lambda build, x, y, real: build.or_(x, y)),
    operator.lshift: _binary(lambda build, x, y, real: build.shl(x, y)),
    operator.rshift: _binary(lambda build, x, y, real: build.lshr(x, y)),
    operator.add: _binary(
        lambda build, x, y, real: build.fadd(x, y, flags=FUSE) if real else build.add(x, y)
    ),
    operator.mul: _binary(
        lambda build, x, y, real: build.fmul(x, y, flags=FUSE) if real else build.mul(x, y)
    ),
}


def _overloaded(sign: Callable, operation: Callable) -> None:
    @overload(sign)
    def of_registers(x, y):
        if isinstance(x, Register):
            return lambda x, y: operation(x, y)
        return None


for _sign, _operation in BINARY.items():
    _overloaded(_sign, _operation)


@intrinsic
def chosen(typing, x, y, a, b):
    """`a` in the lanes where x <= y, `b` in the others; all float32."""

    def code(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered("<=", args[0], args[1]), args[2], args[3])

    return FLOATS(FLOATS, FLOATS, FLOATS, FLOATS), code


@intrinsic
def as_floats(typing, numbers):
    """uint32 below 2**31 as float32."""

    def code(context, builder, signature, args):
        return builder.sitofp(args[0], FLOATS.code())

    return FLOATS(NUMBERS), code
