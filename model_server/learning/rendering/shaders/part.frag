// SPDX-License-Identifier: GPL-3.0-or-later
// The body part each pixel shows, as an 8-bit number; 0 is no person.
#version 330
#ifdef CUT
#include cut.glsl
#endif
in vec3 place;
in vec2 uv;
flat in float part;
out vec4 colour;
void main() {
#ifdef CUT
    if (is_cut_away(place, uv)) discard;
#endif
    colour = vec4(part / 255.0, 0.0, 0.0, 1.0);
}
