// SPDX-License-Identifier: GPL-3.0-or-later
// Camera frame (x right, y down, z forward, metres) -> clip space; rows come out top first.
#version 330
uniform mat4 clip_from_cam;
uniform float depth_pull_m;  // outer layers win over what they cover by this much

in vec3 in_position;
in vec3 in_normal;
in vec3 in_template;
in vec2 in_uv;
in float in_piece;
in float in_part;

out vec3 position;
out vec3 normal;
out vec3 place;
out vec2 uv;
flat out int piece;
flat out float part;

void main() {
    position = in_position;
    normal = in_normal;
    place = in_template;
    uv = in_uv;
    piece = int(in_piece + 0.5);
    part = in_part;
    gl_Position = clip_from_cam * vec4(in_position, 1.0);
    vec3 pulled = in_position * (1.0 - depth_pull_m / length(in_position));
    vec4 nearer = clip_from_cam * vec4(pulled, 1.0);
    gl_Position.z = nearer.z / nearer.w * gl_Position.w;
}
