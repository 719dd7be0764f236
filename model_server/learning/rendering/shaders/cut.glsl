// SPDX-License-Identifier: GPL-3.0-or-later
// Which part of a painted garment exists. `place` is on the template body; `uv.x` runs along the arm: 0 at the
// shoulder, 1 at the wrist, -1 off the arms.
uniform vec4 cut;       // lowest height, highest height at the middle, furthest along the arm, half width of the neckline

bool is_cut_away(vec3 place, vec2 uv) {
    if (uv.x > cut.z) return true;
    if (uv.x > 0.05) return false;
    float neckline = cut.y + 1.3 * max(abs(place.x) - cut.w, 0.0);
    return place.z < cut.x || place.z > neckline;
}
