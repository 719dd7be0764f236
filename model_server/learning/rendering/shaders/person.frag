// SPDX-License-Identifier: GPL-3.0-or-later
// Skin, cloth or hair (one of SKIN, CLOTH, HAIR is defined) under a key light, a fill light and a two-tone sky. Light adds up in linear
// colours.
#version 330
#ifdef CUT
#include cut.glsl
#endif

uniform sampler3D noise;  // four independent smooth noises in 0..1, periodic

uniform vec3 key_to, key_colour, fill_to, fill_colour, sky_colour, ground_colour, up;
uniform float gloss;       // strength of the highlight
uniform float wrap;        // how far light reaches round the shadow edge
uniform float wrinkles;    // strength of the folds on cloth
uniform vec3 noise_shift;  // makes every sample's noise its own

uniform vec3 base_colour, streak_colour;         // skin or hair
uniform vec3 colours_a[4], colours_b[4];          // cloth, by piece
uniform vec4 patterns[4];                         // kind, frequency per metre, angle, softness

uniform vec3 lip_colour, iris_colour, brow_colour;
uniform vec4 brow;         // amount, thickness (m), arch (m), length (m)
uniform vec4 stubble;      // beard amount, scalp amount, freckles, blush
uniform vec3 eye_centre;   // left eye on the template body

in vec3 position;
in vec3 normal;
in vec3 place;
in vec2 uv;
flat in int piece;
flat in float part;
layout(location = 0) out vec4 colour;       // alpha is 1 on the person
layout(location = 1) out vec4 part_number;  // red only, in 255ths

#ifdef CLOTH
float stripe(float x, float softness) {
    return smoothstep(0.5 - softness, 0.5 + softness, abs(fract(x) * 2.0 - 1.0));
}

float pattern_amount(vec4 pattern, vec4 n, vec3 at) {
    int kind = int(pattern.x + 0.5);
    vec2 p = vec2(at.x + 0.35 * at.y, at.z);
    p = mat2(cos(pattern.z), -sin(pattern.z), sin(pattern.z), cos(pattern.z)) * p * pattern.y;
    if (kind == 0) return 0.0;
    if (kind == 1) return stripe(p.x, pattern.w);
    if (kind == 2) return 0.5 * (stripe(p.x, pattern.w) + stripe(p.y, pattern.w));
    if (kind == 3) return smoothstep(0.3, 0.3 - 0.5 * pattern.w - 0.02, length(fract(p) - 0.5));
    if (kind == 4) return smoothstep(0.5 - pattern.w * 0.4, 0.5 + pattern.w * 0.4, n.x);
    if (kind == 5) return smoothstep(0.46, 0.5, n.y) * step(0.5, fract(n.x * 4.0));
    vec2 print = vec2(at.x, at.z - 0.42) * 7.0;  // a print on the chest
    float inside = step(max(abs(print.x), abs(print.y)), 0.6) * step(at.y, -0.02);
    return inside * step(0.5, n.z + 0.3 * sin(p.x * 3.0));
}

vec3 surface(inout vec3 n) {
    vec4 fold = texture(noise, place * vec3(2.2, 2.2, 1.3) + noise_shift);
    vec4 crease = texture(noise, place * patterns[piece].y * 0.25 + noise_shift.zxy);
    n = normalize(n + wrinkles * ((fold.xyz - 0.5) * 2.0 + (crease.yzw - 0.5)));
    float second = pattern_amount(patterns[piece], crease, place);
    return mix(colours_a[piece], colours_b[piece], second) * (0.85 + 0.3 * fold.w);
}
#endif

#ifdef SKIN
vec3 surface(inout vec3 n_unused) {
    vec3 base = base_colour;
    if (piece == 2) return vec3(0.20, 0.05, 0.05);  // the tongue lies in the mouth's shadow
    if (piece == 1) {
        float r = length(uv);
        vec3 iris = mix(iris_colour, iris_colour * 0.4, smoothstep(0.40, 0.46, r));
        vec3 eye = mix(iris, vec3(0.75, 0.72, 0.70), smoothstep(0.44, 0.48, r));
        return mix(vec3(0.01), eye, smoothstep(0.17, 0.21, r));
    }
    vec4 n = texture(noise, place * 1.7 + noise_shift);
    vec4 fine = texture(noise, place * 14.0 + noise_shift);
    vec3 albedo = base * (0.88 + 0.24 * n.x) * (0.95 + 0.1 * fine.y);
    vec2 face = vec2(abs(place.x), place.z);
    bool in_face = place.y < -0.06 && place.z > 0.55;
    if (in_face) {
        float cheek = exp(-dot(face - vec2(0.042, 0.675), face - vec2(0.042, 0.675)) / 0.0006);
        albedo *= mix(vec3(1.0), vec3(1.08, 0.82, 0.80), cheek * stubble.w);
        albedo *= 1.0 - stubble.z * step(0.78, fine.z) * step(0.5, n.z);
        float along = (face.x - 0.008) / brow.w;
        float middle = eye_centre.z + 0.019 + brow.z * sin(clamp(along, 0.0, 1.0) * 2.4);
        float near = brow.y * (1.0 - 0.6 * along * along);
        float on = smoothstep(near, near * 0.4, abs(face.y - middle));
        on *= smoothstep(0.0, 0.1, along) * smoothstep(1.0, 0.85, along);
        albedo = mix(albedo, brow_colour, on * brow.x * (0.7 + 0.3 * fine.x));
        float jaw = smoothstep(0.665, 0.645, place.z + 0.25 * max(0.03 - face.x, 0.0))
            + 0.8 * smoothstep(0.05, 0.062, face.x) * smoothstep(0.70, 0.66, place.z);
        jaw *= smoothstep(0.585, 0.61, place.z) * (1.0 - uv.x);
        albedo = mix(albedo, brow_colour, clamp(jaw, 0.0, 1.0) * stubble.x * (0.6 + 0.4 * fine.w));
    }
    // A cropped scalp: above a line from the forehead over the ears to the nape.
    float line = place.z - (0.755 + min(place.y + 0.09, 0.0) * -0.35 - max(place.y + 0.05, 0.0) * 0.95);
    float scalp = smoothstep(-0.004, 0.012, line + 0.012 * (n.y - 0.5)) * step(0.5, place.z);
    albedo = mix(albedo, brow_colour, scalp * stubble.y * (0.75 + 0.25 * fine.x));
    return mix(albedo, lip_colour, uv.x * 0.8);
}
#endif

#ifdef HAIR
vec3 surface(inout vec3 n) {
    vec4 u = texture(noise, vec3(uv * vec2(14.0, 0.7), place.x) + noise_shift);
    vec4 v = texture(noise, vec3(uv * vec2(0.7, 14.0), place.x) + noise_shift);
    n = normalize(n + 0.8 * (vec3(u.xy, v.z) - 0.5));
    return mix(base_colour, streak_colour, smoothstep(0.3, 0.7, u.z)) * (0.45 + 0.55 * (u.x + v.y));
}
#endif

vec3 shade(vec3 albedo, vec3 n, float shine, float wrap) {
    vec3 view = normalize(-position);
    float key = max((dot(n, key_to) + wrap) / (1.0 + wrap), 0.0);
    float fill = max((dot(n, fill_to) + wrap) / (1.0 + wrap), 0.0);
    vec3 light = key * key_colour + fill * fill_colour + mix(ground_colour, sky_colour, 0.5 + 0.5 * dot(n, up));
    float highlight = pow(max(dot(n, normalize(key_to + view)), 0.0), 24.0);
    float rim = pow(1.0 - max(dot(n, view), 0.0), 3.0);
    return albedo * light * (1.0 - 0.25 * rim) + shine * key_colour * highlight;
}

void main() {
#ifdef CUT
    if (is_cut_away(place, uv)) discard;
#endif
    vec3 n = normalize(normal);
    if (dot(n, position) > 0.0) n = -n;
    vec3 albedo = surface(n);
    vec3 linear = shade(albedo, n, gloss, wrap);
    colour = vec4(pow(linear / (1.0 + 0.15 * linear), vec3(1.0 / 2.2)), 1.0);
    part_number = vec4(part / 255.0, 0.0, 0.0, 1.0);
}
