/* SPDX-License-Identifier: MIT */
/*
 * Ringing: which rooms a worker is to look at, and waking it where it sleeps.
 *
 *   who rings                         who sleeps
 *   something is written              asleep = 1
 *   rung: the room's bit              is any bit set? then not
 *   (later in its turn)               waits for its descriptor
 *   asleep? then wake it
 *
 * Between each two steps stands a fence: of two that do both at once, at least
 * one sees what the other did. A bit is set after what it tells of was
 * written, and taken before that is looked at.
 */
#include "store/store.h"

/* The lowest bit of a word that has one, taken out. */
static uint32_t take_bit(uint32_t *word)
{
    uint32_t bit = (uint32_t)__builtin_ctz(*word);
    *word &= *word - 1;
    return bit;
}

/* ---- Ringing ------------------------------------------------------------- */

/* What is set already, and what it tells of was written before a fence, will be
   looked at: others have that line of the cache, too, and nobody loses it. */
void store_ring_one(struct store *s, uint32_t room, uint32_t worker)
{
    struct atom *high = board_rung(&s->board, worker) + room / 1024;
    struct atom *low = board_rung(&s->board, worker) +
                       board_rung_high(s->board.room_count) + room / 32;
    uint32_t bit = UINT32_C(1) << room % 32;
    uint32_t word_bit = UINT32_C(1) << room / 32 % 32;
    bool is_set = atom_get(low) & bit;
    if (!is_set)
        atom_set_bits(low, bit);
    if (!is_set || !(atom_get(high) & word_bit))
        atom_set_bits(high, word_bit);
    s->to_wake |= UINT32_C(1) << worker;
}

static void ring(struct store *s, uint32_t room, uint32_t workers)
{
    while (workers)
        store_ring_one(s, room, take_bit(&workers));
}

void store_ring_readers(struct store *s, uint32_t room)
{
    if (store_is_shared(s))
        ring(s, room, atom_get(&s->board.rooms[room].open) & ~store_bit(s));
}

void store_ring(struct store *s, uint32_t room)
{
    if (!store_is_shared(s))
        return;
    atom_fence();
    store_ring_readers(s, room);
}

/* What they wait for is told first, so that they see it or we see them. */
void store_ring_waiting(struct store *s, uint32_t room, struct atom *waiting)
{
    if (!store_is_shared(s))
        return;
    atom_fence();
    if (atom_get(waiting))
        ring(s, room, atom_swap(waiting, 0));
}

/* `asleep` is left to who sleeps: who is about to wake it may die first. */
uint32_t store_wake(struct store *s)
{
    uint32_t wake = 0, rung = s->to_wake & ~store_bit(s);
    s->to_wake = 0;
    if (rung)
        atom_fence();
    while (rung) {
        uint32_t w = take_bit(&rung);
        if (atom_get(&s->board.workers[w].asleep))
            wake |= UINT32_C(1) << w;
    }
    return wake;
}

/* ---- Being rung ---------------------------------------------------------- */

static uint32_t take_word(struct atom *word)
{
    uint32_t bits = atom_get(word) ? atom_swap(word, 0) : 0;
    if (bits) /* where loads pass exchanges (ARM): what they tell of is read */
        atom_fence(); /* behind it */
    return bits;
}

uint32_t store_rung(struct store *s)
{
    struct store_scan *at = &s->scan;
    uint32_t high_count = board_rung_high(s->board.room_count);
    struct atom *high = board_rung(&s->board, s->worker);
    struct atom *low = high + high_count;
    while (!at->low) {
        if (at->high) {
            at->low_at = (at->high_at - 1) * 32 + take_bit(&at->high);
            at->low = take_word(&low[at->low_at]);
        } else if (at->high_at < high_count) {
            at->high = take_word(&high[at->high_at++]);
        } else {
            at->high_at = 0;
            return STORE_NONE;
        }
    }
    return at->low_at * 32 + take_bit(&at->low);
}

static bool is_rung(const struct store *s)
{
    const struct atom *high = board_rung(&s->board, s->worker);
    for (uint32_t i = 0; i < board_rung_high(s->board.room_count); i++)
        if (atom_get(&high[i]))
            return true;
    return s->scan.high_at > 0; /* not all were told */
}

bool store_sleep(struct store *s)
{
    struct atom *asleep = &s->board.workers[s->worker].asleep;
    atom_put(asleep, 1);
    atom_fence();
    if (!is_rung(s))
        return true;
    atom_put(asleep, 0);
    return false;
}

void store_wakes(struct store *s)
{
    atom_put(&s->board.workers[s->worker].asleep, 0);
}
