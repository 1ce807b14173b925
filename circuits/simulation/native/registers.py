"""Registers for the loops of `loops.py`: LLVM code for what numba cannot say.

A register holds the real or the imaginary parts of 16 (complex64) or 8 (complex128) amplitudes;
in a tile they follow each other, real before imaginary. Machines with narrower registers split
each in pieces, which LLVM does. Every intrinsic below is inlined where a loop calls it.
"""

# numba hands the first argument of an intrinsic, the typing context, to it itself.
# pyright: reportCallIssue=false

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

REGISTER_BYTES = 64


class Registers:
    """Loads and stores registers of a tile, and multiplies them, in the code being built."""

    def __init__(self, context, builder, real):
        self.builder = builder
        self.real = context.get_value_type(real)
        self.lanes = 8 * REGISTER_BYTES // real.bitwidth
        self.vector = ir.VectorType(self.real, self.lanes)

    def address(self, data, offset, vector=None):
        """Where a register, or another vector, stands."""
        pointer = self.builder.gep(data, [offset])
        return self.builder.bitcast(pointer, (vector or self.vector).as_pointer())

    def load(self, data, offset, vector=None):
        """One register, or another vector."""
        vector = vector or self.vector
        size = 4 if vector.element == ir.FloatType() else 8
        return self.builder.load(self.address(data, offset, vector), align=size)

    def store(self, value, data, offset):
        """Write a vector."""
        size = 4 if value.type.element == ir.FloatType() else 8
        self.builder.store(value, self.address(data, offset, value.type), align=size)

    def load_or_spread(self, data, offset, spread):
        """One register, or one number in all its lanes."""
        result = cgutils.alloca_once(self.builder, self.vector)
        with self.builder.if_else(spread) as (one, many):
            with one:
                number = self.builder.load(self.builder.gep(data, [offset]))
                alone = self.builder.insert_element(
                    ir.Constant(self.vector, ir.Undefined), number, ir.Constant(ir.IntType(32), 0)
                )
                self.builder.store(self.shuffle(alone, alone, [0] * self.lanes), result)
            with many:
                self.builder.store(self.load(data, offset), result)
        return self.builder.load(result)

    def pair(self, data, offset):
        """Real and imaginary register."""
        return self.load(data, offset), self.load(data, self.skip(offset))

    def store_pair(self, pair, data, offset):
        """Write a real and an imaginary register."""
        self.store(pair[0], data, offset)
        self.store(pair[1], data, self.skip(offset))

    def skip(self, offset, registers=1):
        """The offset so many registers later."""
        return self.builder.add(offset, ir.Constant(offset.type, registers * self.lanes))

    def row(self, number):
        """The offset of a tile's row."""
        return self.builder.mul(number, ir.Constant(number.type, 2 * self.lanes))

    def mask(self, bits):
        """The lanes whose bit in an integer is set."""
        narrow = self.builder.trunc(bits, ir.IntType(self.lanes))
        return self.builder.bitcast(narrow, ir.VectorType(ir.IntType(1), self.lanes))

    def blend(self, mask, pair, other):
        """The lanes of a pair that a mask has, the others of another."""
        select = self.builder.select
        return [select(mask, a, b) for a, b in zip(pair, other, strict=True)]

    def shuffle(self, a, b, order):
        """Lanes of two registers in an order."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(order)), list(order))
        return self.builder.shuffle_vector(a, b, mask)

    def crossed(self, pair, flips):
        """The pair with lane i where lane ``i ^ flips`` was."""
        order = [lane ^ flips for lane in range(self.lanes)]
        return tuple(self.shuffle(part, part, order) for part in pair) if flips else pair

    def multiply_add(self, a, b, total):
        """``total + a b``, where the total may be None."""
        product = self.builder.fmul(a, b, flags=("contract",))
        return product if total is None else self.builder.fadd(total, product, flags=("contract",))

    def add_product(self, a, b, total, conjugate=False):
        """``total + a b`` of complex pairs, or ``total + conj(a) b``."""
        minus = self.builder.fneg(a[1])
        down, up = (a[1], minus) if conjugate else (minus, a[1])
        real = self.multiply_add(down, b[1], self.multiply_add(a[0], b[0], total and total[0]))
        imag = self.multiply_add(up, b[0], self.multiply_add(a[0], b[1], total and total[1]))
        return real, imag


def array_data(context, builder, array_type, array):
    """Pointer to the numbers of an array."""
    return context.make_array(array_type)(context, builder, array).data


@intrinsic
def split(typing, source, start, tile, offset):
    """Copy one register's worth of amplitudes into a tile, real and imaginary parts apart."""

    def code(context, builder, signature, args):
        registers = Registers(context, builder, source.dtype)
        count = registers.lanes
        source_data = array_data(context, builder, source, args[0])
        tile_data = array_data(context, builder, tile, args[2])
        a = registers.load(source_data, args[1])
        b = registers.load(source_data, registers.skip(args[1]))
        parts = [registers.shuffle(a, b, range(part, 2 * count, 2)) for part in (0, 1)]
        registers.store_pair(parts, tile_data, args[3])
        return context.get_dummy_value()

    return types.void(source, types.intp, tile, types.intp), code


@intrinsic
def join(typing, tile, offset, target, start):
    """Copy one register's worth of amplitudes out of a tile."""

    def code(context, builder, signature, args):
        registers = Registers(context, builder, tile.dtype)
        count = registers.lanes
        tile_data = array_data(context, builder, tile, args[0])
        target_data = array_data(context, builder, target, args[2])
        parts = registers.pair(tile_data, args[1])
        order = [lane + part * count for lane in range(count) for part in (0, 1)]
        halves = [
            registers.shuffle(*parts, order[:count]),
            registers.shuffle(*parts, order[count:]),
        ]
        registers.store(halves[0], target_data, args[3])
        registers.store(halves[1], target_data, registers.skip(args[3]))
        return context.get_dummy_value()

    return types.void(tile, types.intp, target, types.intp), code


def _pointed(registers, low_data, start, high, shift):
    """Where an index points the lanes of a register to, in real numbers."""
    builder, i64 = registers.builder, start.type
    one = ir.Constant(i64, 1)
    for number in range(registers.lanes):
        lane = ir.Constant(i64, number)
        place = builder.add(start, builder.lshr(lane, shift))
        low = builder.zext(builder.load(builder.gep(low_data, [place])), i64)
        column = builder.and_(lane, builder.sub(builder.shl(one, shift), one))
        goal = builder.or_(builder.shl(builder.xor(low, high), shift), column)
        yield builder.shl(goal, one)


@intrinsic
def gather(typing, source, low, start, high, shift, tile, offset):
    """As `split`, lane i from ``low[start + (i >> shift)] ^ high``; 2**shift lanes share that."""

    def code(context, builder, signature, args):
        registers = Registers(context, builder, source.dtype)
        count = registers.lanes
        source_data = array_data(context, builder, source, args[0])
        low_data = array_data(context, builder, low, args[1])
        pair = ir.VectorType(registers.real, 2)
        pieces = [
            registers.load(source_data, place, pair)
            for place in _pointed(registers, low_data, args[2], args[3], args[4])
        ]
        while len(pieces) > 2:
            order = range(2 * pieces[0].type.count)
            pieces = [
                registers.shuffle(a, b, order)
                for a, b in zip(pieces[::2], pieces[1::2], strict=True)
            ]
        parts = [registers.shuffle(*pieces, range(part, 2 * count, 2)) for part in (0, 1)]
        registers.store_pair(parts, array_data(context, builder, tile, args[5]), args[6])
        return context.get_dummy_value()

    integer = types.intp
    return types.void(source, low, integer, integer, integer, tile, integer), code


@intrinsic
def scatter(typing, tile, offset, target, low, start, high, shift):
    """As `join`, lane i to ``low[start + (i >> shift)] ^ high``; 2**shift lanes share that."""

    def code(context, builder, signature, args):
        registers = Registers(context, builder, tile.dtype)
        parts = registers.pair(array_data(context, builder, tile, args[0]), args[1])
        target_data = array_data(context, builder, target, args[2])
        low_data = array_data(context, builder, low, args[3])
        for lane, place in enumerate(_pointed(registers, low_data, args[4], args[5], args[6])):
            amplitude = registers.shuffle(*parts, [lane, lane + registers.lanes])
            registers.store(amplitude, target_data, place)
        return context.get_dummy_value()

    integer = types.intp
    return types.void(tile, integer, target, low, integer, integer, integer), code


@intrinsic
def as_pointer(typing, address):
    """Turn an address into a pointer."""

    def code(context, builder, signature, args):
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.intp), code
