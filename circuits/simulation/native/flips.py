"""Controlled flips on tiles: registers, or the lanes of each, change places."""

# numba hands the first argument of an intrinsic, the typing context, to it itself.
# pyright: reportCallIssue=false

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from circuits.simulation.native.registers import Registers, array_data


def _flip_rows(registers, data, number, bit, controls, lanes):
    """Exchange the registers of two rows that differ in a bit, where the rows hold the controls."""
    builder = registers.builder
    one = ir.Constant(number.type, 1)
    other = builder.shl(one, bit)
    below = builder.sub(other, one)
    upper = builder.shl(builder.and_(number, builder.not_(below)), one)
    row = builder.or_(upper, builder.and_(number, below))
    with builder.if_then(_holds(builder, row, controls)):
        places = registers.row(row), registers.row(builder.or_(row, other))
        first, second = (registers.pair(data, place) for place in places)
        registers.store_pair(registers.blend(lanes, second, first), data, places[0])
        registers.store_pair(registers.blend(lanes, first, second), data, places[1])


def _flip_lanes(registers, data, row, lane_bit, controls, lanes):
    """Exchange lanes that differ in a bit, where the row holds the controls."""
    builder = registers.builder
    with builder.if_then(_holds(builder, row, controls)):
        pair = registers.pair(data, registers.row(row))
        crossed = registers.crossed(pair, 1 << lane_bit)
        registers.store_pair(registers.blend(lanes, crossed, pair), data, registers.row(row))


def _holds(builder, row, controls):
    return builder.icmp_unsigned("==", builder.and_(row, controls), controls)


@intrinsic
def apply_flip(typing, kind, tile, rows, bit, controls, lanes):
    """Exchange the amplitudes of a tile that differ in one bit, where controls hold.

    Kind 0: `bit` numbers rows; kind 1 + i: lane bit i. Rows take part that have all bits of
    `controls`, and of these the lanes whose bit in `lanes` is set.
    """

    def code(context, builder, signature, args):
        kind, tile_array, rows, bit, controls, lanes = args
        registers = Registers(context, builder, tile.dtype)
        data = array_data(context, builder, tile, tile_array)
        mask = registers.mask(lanes)
        end = builder.append_basic_block("end")
        switch = builder.switch(kind, end)
        for number in range(registers.lanes.bit_length()):
            block = builder.append_basic_block(f"flip{number}")
            switch.add_case(number, block)
            builder.position_at_end(block)
            count = rows if number else builder.lshr(rows, ir.Constant(rows.type, 1))
            with cgutils.for_range(builder, count) as loop:
                if number:
                    _flip_lanes(registers, data, loop.index, number - 1, controls, mask)
                else:
                    _flip_rows(registers, data, loop.index, bit, controls, mask)
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    integer = types.intp
    return types.void(integer, tile, integer, integer, integer, integer), code
