# SPDX-License-Identifier: MIT
"""What can be changed in a C file of ours, one thing at a time.

A tokenizer and some rules, no parser: the source is formatted by clang-format
and has no typedefs, so that a type is known by its looks. What is taken for a
mutant and is none does not compile, and costs some milliseconds.
"""
import re
from collections import namedtuple

# `start` to `end` of the file becomes `new`, in the function at `place`, if it
# is in one. `line` is the line as it is, `changed` as it becomes: by them, and
# not by its number, a mutant is known.
Mutant = namedtuple("Mutant", "file function start end new line changed row "
                              "place")

# A function of the file: where it begins, its name, its { and its end; the
# names of its parameters; whether it returns nothing.
Place = namedtuple("Place", "start name body end parameters silent")

Token = namedtuple("Token", "kind text start end")

TOKEN = re.compile(r"""
    (?P<skip>  \s+ | /\*.*?\*/ | //[^\n]* | ^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*)
  | (?P<string>"(?:\\.|[^"\\])*")
  | (?P<char>  '(?:\\.|[^'\\])+')
  | (?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*)
  | (?P<word>  [A-Za-z_]\w*)
  | (?P<sign>  <<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||
               [-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])
""", re.X | re.S | re.M)

SWAPS = {
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
    "==": ["!="], "!=": ["=="],
    "+": ["-"], "-": ["+"], "*": ["+"], "/": ["*"], "%": ["/"],
    "<<": [">>"], ">>": ["<<"], "&": ["|"], "|": ["&"], "^": ["|"],
    "&&": ["||"], "||": ["&&"],
    "+=": ["-="], "-=": ["+="], "*=": ["+="], "/=": ["*="], "%=": ["/="],
    "|=": ["&="], "&=": ["|="], "^=": ["|="], "<<=": [">>="], ">>=": ["<<="],
    "++": ["--"], "--": ["++"],
    "true": ["false"], "false": ["true"],
    "break": ["continue", ""], "continue": ["break"],
}
BINARY_ONLY = {"+", "-", "*", "&"}  # else signs, pointers and addresses
RELATIONS = {"<", "<=", ">", ">=", "==", "!=", "&&", "||", "!"}
# `a < n + 1` is what `a <= n` is, which the sign has said already.
SAME = {"<": 1, ">=": 1, "<=": -1, ">": -1}
TYPES = {"void", "bool", "char", "short", "int", "long", "unsigned", "signed",
         "float", "double", "const", "volatile", "static", "extern", "inline",
         "struct", "enum", "union", "va_list", "register", "_Noreturn"}
KEYWORDS = {"if", "else", "for", "while", "do", "switch", "case", "default",
            "return", "break", "continue", "goto", "sizeof", "_Alignof"}
OPEN, CLOSE = "([{", ")]}"


def tokens_of(text):
    tokens, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError("no token at %r" % text[at:at + 40])
        if match.lastgroup != "skip":
            tokens.append(Token(match.lastgroup, match.group(), at,
                                match.end()))
        at = match.end()
    return tokens


class Finder:
    """All mutants of one file."""

    def __init__(self, file, text):
        self.file, self.text = file, text
        self.tokens = tokens_of(text)
        self.function = "-"
        self.returns = []  # the return type of the function, as words
        self.place = None
        self.mutants = []
        self.partner = self.pairs()

    def pairs(self):
        partner, stack = {}, []
        for i, token in enumerate(self.tokens):
            if token.text in OPEN and token.kind == "sign":
                stack.append(i)
            elif token.text in CLOSE and token.kind == "sign":
                partner[i] = stack.pop()
                partner[partner[i]] = i
        return partner

    # ---- Telling a mutant --------------------------------------------------

    def add(self, start, end, new):
        begin = self.text.rfind("\n", 0, start) + 1
        stop = self.text.find("\n", start)
        line = " ".join(self.text[begin:stop].split())
        if end <= stop:
            changed = self.text[begin:start] + new + self.text[end:stop]
            changed = " ".join(changed.split())
        else:  # over several lines: told by the first
            changed = new.strip() + " ..."
        row = self.text.count("\n", 0, start) + 1
        self.mutants.append(Mutant(self.file, self.function, start, end, new,
                                   line, changed, row, self.place))

    def swap(self, i):
        token = self.tokens[i]
        for new in SWAPS.get(token.text, []):
            self.add(token.start, token.end, new)

    def wrap(self, first, last, before, after):
        start, end = self.tokens[first].start, self.tokens[last].end
        self.add(start, end, before + self.text[start:end] + after)

    # ---- Kinds of tokens ---------------------------------------------------

    def text_at(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def is_type(self, i):
        text = self.text_at(i)
        return (text in TYPES or text.endswith("_t") or
                self.text_at(i - 1) in ("struct", "enum", "union"))

    def is_cast(self, close):
        """Does ) at `close` end a cast (or a compound literal's type)?"""
        first = self.partner[close] + 1
        return first < close and self.is_type(first) and all(
            self.is_type(i) or self.text_at(i) in "*[]" or
            self.tokens[i].kind == "number" for i in range(first, close))

    def is_binary(self, i):
        """Is the sign at `i` one between two operands?"""
        before = self.tokens[i - 1]
        if before.text == ")":
            return not self.is_cast(i - 1)
        if before.kind == "word":
            return before.text not in KEYWORDS and not self.is_type(i - 1)
        return before.text == "]" or before.kind in ("number", "char",
                                                     "string")

    def is_declaration(self, i):
        """Does a statement that begins at `i` declare something?"""
        return self.is_type(i) and self.text_at(i + 1) != "("

    # ---- Expressions -------------------------------------------------------

    def number(self, i, few):
        token = self.tokens[i]
        if token.kind == "char":
            self.add(token.start, token.end, "(%s + 1)" % token.text)
            return
        digits = token.text.rstrip("uUlL")
        suffix = token.text[len(digits):]
        hexadecimal = digits[:2] in ("0x", "0X")
        value = int(digits, 16 if hexadecimal else 10)
        values = [value + 1] + [value - 1] * (value > 0 and not few)
        same = SAME.get(self.text_at(i - 1)) if value > 0 else None
        for new in values:
            if same and new == value + same:
                continue
            form = "0x%X" if hexadecimal else "%d"
            self.add(token.start, token.end, form % new + suffix)

    def expression(self, first, last, few=False):
        """The tokens from `first` up to `last`, which is not one of them."""
        i = first
        while i < last:
            token = self.tokens[i]
            if token.text in ("sizeof", "_Alignof"):
                if self.text_at(i + 1) == "(":
                    i = self.partner[i + 1]
            elif token.text == "(" and self.is_cast(self.partner[i]):
                i = self.partner[i]
            elif token.kind in ("number", "char"):
                self.number(i, few)
            elif token.text in BINARY_ONLY:
                if self.is_binary(i):
                    self.swap(i)
            elif token.text in ("!", "~"):
                self.add(token.start, token.end, "")
            elif token.text == "?":
                self.ternary(i, first)
            elif token.kind in ("sign", "word"):
                self.swap(i)
            i += 1

    def ternary(self, question, first):
        i = question
        while i > first:
            text = self.text_at(i - 1)
            if text in CLOSE:
                i = self.partner[i - 1]
            elif text in ("=", "return", "(", "[", "{", ",", "?", ":", ";"):
                break
            else:
                i -= 1
        self.negate(i, question - 1)

    def negate(self, first, last):
        """A condition that holds no relation has no other mutant."""
        i = first
        while i <= last:
            if self.text_at(i) in RELATIONS:
                return
            i = self.partner[i] + 1 if self.text_at(i) in OPEN else i + 1
        self.wrap(first, last, "!(", ")")

    # ---- Statements --------------------------------------------------------

    def end_of(self, i):
        """The place of the ; that ends what begins at `i`."""
        while self.text_at(i) != ";":
            i = self.partner[i] + 1 if self.text_at(i) in OPEN else i + 1
        return i

    def declaration(self, i):
        """Of a declaration only what stands behind a = changes."""
        end, begin = self.end_of(i), None
        while i < end:
            text = self.text_at(i)
            if text in OPEN:
                i = self.partner[i]
            elif text == "=":
                begin = i + 1
            elif text == "," and begin:
                self.initializer(begin, i)
                begin = None
            i += 1
        if begin:
            self.initializer(begin, end)
        return end + 1

    def initializer(self, first, last):
        numbers = sum(t.kind == "number" for t in self.tokens[first:last])
        self.expression(first, last, few=numbers > 32)

    def statement(self, i):
        """The statement at `i`; answers where the next begins."""
        text = self.text_at(i)
        if text == "{":
            return self.block(i)
        if text in ("if", "while", "switch"):
            close = self.partner[i + 1]
            if text != "switch":
                self.negate(i + 2, close - 1)
            self.expression(i + 2, close)
            return close + 1
        if text == "for":
            return self.loop(i)
        if text in ("else", "do"):
            return i + 1
        if text in ("case", "default"):
            return self.label(i)
        if text == "return":
            return self.answer(i)
        if text in ("_Static_assert", "static_assert", ";"):
            return self.end_of(i) + 1
        if self.is_declaration(i):
            return self.declaration(i)
        end = self.end_of(i)
        if text not in ("break", "continue", "goto") and not (
                text == "(" and self.text_at(i + 1) == "void"):
            self.add(self.tokens[i].start, self.tokens[end].end, ";")
        self.expression(i, end)
        return end + 1

    def loop(self, i):
        close, at = self.partner[i + 1], i + 2
        if self.is_declaration(at):
            at = self.declaration(at)
        else:
            end = self.end_of(at)
            self.expression(at, end)
            at = end + 1
        self.expression(at, close)
        return close + 1

    def label(self, i):
        end = i
        while self.text_at(end) != ":":
            end += 1
        self.expression(i + 1, end)
        return end + 1

    def answer(self, i):
        """return: its value, and 0 or true and false for it."""
        end = self.end_of(i)
        self.expression(i + 1, end)
        if end == i + 1:
            self.add(self.tokens[i].start, self.tokens[end].end, ";")
            return end + 1
        if end == i + 2 and (self.tokens[i + 1].kind in ("number", "char") or
                             self.text_at(i + 1) in ("true", "false",
                                                     "NULL")):
            return end + 1
        values = ["0"]
        if "bool" in self.returns:
            values = ["false", "true"]
        elif "struct" in self.returns and "*" not in self.returns:
            values = []
        for value in values:
            self.add(self.tokens[i + 1].start, self.tokens[end - 1].end, value)
        return end + 1

    def block(self, i):
        end = self.partner[i]
        i += 1
        while i < end:
            i = self.statement(i)
        return end + 1

    # ---- The file ----------------------------------------------------------

    def enumeration(self, i):
        end = self.partner[i]
        for at in range(i + 1, end):
            if self.tokens[at].kind in ("number", "char"):
                self.number(at, few=False)

    def parameters(self, opening):
        names, last = [], None
        close, i = self.partner[opening], opening + 1
        while i <= close:
            text = self.text_at(i)
            if text == "," or i == close:
                names += [last] if last and last != "void" else []
                last = None
            elif text in OPEN:
                i = self.partner[i]
            elif self.tokens[i].kind == "word":
                last = text
            i += 1
        return names

    def place_of(self, first, name, body):
        return Place(self.tokens[first].start, self.tokens[name],
                     self.tokens[body].start,
                     self.tokens[self.partner[body]].end,
                     tuple(self.parameters(name + 1)),
                     "void" in self.returns and "*" not in self.returns)

    def top(self, i):
        """What stands at file scope at `i`: a function, a table, types."""
        at, name, last = i, None, i
        while self.text_at(at) not in (";", "="):
            text = self.text_at(at)
            if text == "(" and name is None:
                name = at - 1
            if text == "{" and name is not None:
                self.function = self.text_at(name)
                self.returns = [t.text for t in self.tokens[i:name]]
                self.place = self.place_of(i, name, at)
                return self.block(at)
            if text == "{" and "enum" in (t.text for t in self.tokens[i:at]):
                self.enumeration(at)
            at = self.partner[at] + 1 if text in OPEN else at + 1
            last = at
        if self.text_at(at) == "=":
            while self.tokens[last - 1].kind != "word":
                last = self.partner[last - 1]
            self.function = self.text_at(last - 1)
            end = self.end_of(at)
            self.initializer(at + 1, end)
            self.function = "-"
            return end + 1
        return at + 1

    def find(self):
        i = 0
        while i < len(self.tokens):
            if self.text_at(i) in ("_Static_assert", "static_assert"):
                i = self.end_of(i) + 1
            elif self.text_at(i) == "extern" and self.text_at(i + 2) == "{":
                i += 3  # extern "C" { ... }: what is in it is at file scope
            elif self.text_at(i) == "}":
                i += 1
            else:
                i = self.top(i)
                self.function, self.place = "-", None
        return self.mutants


def mutants_of(file, text):
    return Finder(file, text).find()


def apply(text, mutant):
    return text[:mutant.start] + mutant.new + text[mutant.end:]


# ---- All mutants of a file in one --------------------------------------------

SWITCH = "extern int mutate_number;\n"


def variant(text, mutant, number):
    """The function with the mutant in it, under a name of its own."""
    place = mutant.place
    start, end = place.name.start, place.name.end
    return '\n#line 1 "mutant-%d"\n%s%s_%d%s%s\n' % (
        number, text[place.start:start], text[start:end], number,
        text[end:mutant.start] + mutant.new, text[mutant.end:place.end])


def together(text, numbered):
    """The file with a variant of its function for each mutant, and functions
    that ask mutate_number which is meant. numbered: {number: mutant}."""
    out, at = [SWITCH], 0
    places = {}
    for number, mutant in numbered.items():
        places.setdefault(mutant.place, []).append((number, mutant))
    for place in sorted(places, key=lambda p: p.start):
        out.append(text[at:place.start])
        cases = []
        for number, mutant in places[place]:
            out.append(variant(text, mutant, number))
            call = "%s_%d(%s);" % (place.name.text, number,
                                   ", ".join(place.parameters))
            cases.append("case %d: " % number + (
                call + " return;" if place.silent else "return " + call))
        out.append('\n#line 1 "rest"\n' + text[place.start:place.body + 1])
        out.append("switch (mutate_number) {%s}" % "\n".join(cases))
        at = place.body + 1
    return "".join(out) + text[at:]
