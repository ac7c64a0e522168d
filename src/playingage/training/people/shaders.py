"""GLSL of the painter. World axes are the camera's: x right, y up, z to it; colours are linear until `shown`."""

VERTEX = """#version 330
in vec3 in_point; in vec3 in_normal; in vec2 in_uv; in vec2 in_extra;
uniform mat4 to_clip; uniform mat4 to_lamp;
invariant gl_Position;
out vec3 point; out vec3 normal; out vec2 uv; out vec2 extra; out vec3 lamp;
void main() {
    point = in_point; normal = in_normal; extra = in_extra;
    uv = vec2(in_uv.x, 1.0 - in_uv.y);                 // textures are stored top row first
    lamp = (to_lamp * vec4(in_point, 1.0)).xyz * 0.5 + 0.5;
    gl_Position = to_clip * vec4(in_point, 1.0);
}
"""

DEPTH = """#version 330
in vec2 uv;
uniform sampler2D colours; uniform float alpha_test;
void main() { if (alpha_test > 0.0 && texture(colours, uv).a < alpha_test) discard; }
"""

LIGHT = """#version 330
in vec3 point; in vec3 normal; in vec2 uv; in vec2 extra; in vec3 lamp;
layout(location = 0) out vec4 out_colour;
layout(location = 1) out vec4 out_mask;                // skin, head, occluder
layout(location = 2) out vec4 out_hair;                // of the head, of the beard, brows
uniform vec3 eye; uniform vec3 towards[3]; uniform vec3 lights[3];
uniform vec3 sky; uniform vec3 ground; uniform vec3 side;
uniform float exposure; uniform float contrast; uniform float soft;
uniform sampler2DShadow shadow;

float lit() {                                          // share of the key light that arrives, over a soft disc
    float radius = mix(0.0015, 0.014, soft);
    float turn = fract(52.98 * fract(dot(gl_FragCoord.xy, vec2(0.0671, 0.00584)))) * 6.283;
    float sum = 0.0;
    for (int k = 0; k < 5; k++) {
        float a = turn + 2.4 * float(k), r = radius * sqrt((float(k) + 0.5) / 5.0);
        sum += texture(shadow, lamp + vec3(cos(a) * r, sin(a) * r, -0.004));
    }
    return sum / 5.0;
}
vec3 ambient(vec3 n) { return max(mix(ground, sky, n.y * 0.5 + 0.5) + side * n.x, 0.0); }
vec3 diffuse(vec3 n, float key, vec3 wrap) {
    vec3 sum = vec3(0.0);
    for (int k = 0; k < 3; k++) {
        vec3 d = max((dot(n, towards[k]) + wrap) / (1.0 + wrap), 0.0);
        // light that wraps into a shadow has gone through the skin: red goes farther
        sum += lights[k] * d * (k == 0 ? mix(vec3(key), vec3(pow(key, 0.8), key, key), step(0.1, wrap.r)) : vec3(1.0));
    }
    return sum;
}
vec3 glint(vec3 n, float key, vec3 powers, vec3 shares) {
    // up to three lobes of one highlight; the middle of each lamp's half vector is worked out once
    vec3 v = normalize(eye - point), sum = vec3(0.0);
    vec3 scale = shares * (powers + 2.0) * 0.16;
    for (int k = 0; k < 3; k++) {
        vec3 h = normalize(v + towards[k]);
        float miss = 1.0 - max(dot(h, v), 0.0), m2 = miss * miss;
        float fresnel = 0.04 + 0.96 * m2 * m2 * miss;
        float bend = log2(max(dot(n, h), 1e-4));
        sum += lights[k] * ((k == 0 ? key : 1.0) * fresnel * dot(scale, exp2(powers * bend))
               * clamp(dot(n, towards[k]) * 7.0, 0.0, 1.0));
    }
    return sum;
}
vec3 glint(vec3 n, float key, float power) {
    vec3 v = normalize(eye - point), sum = vec3(0.0);
    for (int k = 0; k < 3; k++) {
        vec3 h = normalize(v + towards[k]);
        float miss = 1.0 - max(dot(h, v), 0.0), m2 = miss * miss;
        float shape = (0.04 + 0.96 * m2 * m2 * miss) * pow(max(dot(n, h), 1e-4), power);
        sum += lights[k] * ((k == 0 ? key : 1.0) * shape * clamp(dot(n, towards[k]) * 7.0, 0.0, 1.0));
    }
    return sum * (power + 2.0) * 0.16;
}
vec3 light(vec3 c) { return c * c * (0.2 * c + 0.8); }  // display to linear, near enough and cheap
vec3 shown(vec3 c) {
    c *= exposure;
    c = c * (1.0 + c / 6.0) / (1.0 + c);               // a soft shoulder; white at 6
    return min(pow(max(c * 1.25, 1e-5), vec3(contrast / 2.25)), 1.0);
}
"""

SKIN = LIGHT + """
uniform sampler2D young; uniform sampler2D middle; uniform sampler2D old;
uniform sampler2D scalp; uniform sampler2D wrinkles;
uniform vec4 chart; uniform vec3 stage; uniform vec3 tone; uniform vec3 hair; uniform float painted;
uniform float relief; uniform float shine; uniform vec3 mask; uniform float years; uniform vec3 wet;
uniform float blotch; uniform vec3 beard; uniform float bearded; uniform float frost; uniform vec3 white;

float cell(vec2 c) { return fract(sin(dot(floor(c), vec2(12.9898, 78.233))) * 43758.5453); }
float strands(vec2 c) {                                // 0..1, long along the chart's height
    vec2 f = fract(c);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(cell(c), cell(c + vec2(1, 0)), f.x), mix(cell(c + vec2(0, 1)), cell(c + vec2(1, 1)), f.x), f.y);
}
float level(float y, float m, float o, float line) {
    return 0.022 * dot(stage, vec3(y, m, o)) + 0.03 * years * line;
}
float level(vec2 p) {
    return level(texture(young, p).a, texture(middle, p).a, texture(old, p).a, texture(wrinkles, p).r);
}
void main() {
    vec2 p = (uv - chart.xy) / chart.zw;
    vec4 a = texture(young, p), b = texture(middle, p), c = texture(old, p);
    vec3 albedo = light(max(stage.x * a.rgb + stage.y * b.rgb + stage.z * c.rgb, 0.0)) * tone;
    vec3 n = normalize(normal);
    float ao = extra.x, on_scalp = 0.0;
    if (relief > 0.0) {
        vec2 lines = texture(wrinkles, p).rg;
        float w = lines.r - 0.5;
        albedo *= exp(years * min(w, 0.0) * vec3(0.7, 1.1, 1.2));
        float spots = lines.g;         // age spots
        albedo = mix(albedo, albedo * vec3(0.62, 0.5, 0.42), blotch * spots);
        on_scalp = texture(scalp, p).r;
        float dark = dot(albedo, vec3(0.3, 0.6, 0.1)) / max(dot(tone, vec3(0.33)), 0.05);
        albedo = mix(albedo, hair * (0.6 + 2.0 * dark), on_scalp * painted);
        vec3 dx = dFdx(point), dy = dFdy(point);
        float here = level(a.a, b.a, c.a, lines.r), hx = level(p + dFdx(p)) - here, hy = level(p + dFdy(p)) - here;
        vec3 r1 = cross(dy, n), r2 = cross(n, dx);
        float det = dot(dx, r1);
        n = normalize(abs(det) * n - relief * sign(det) * (hx * r1 + hy * r2));
    }
    float beard_here = clamp(extra.y, 0.0, 1.0) * bearded;
    if (beard_here > 0.0) {
        float fine = strands(uv * vec2(2100, 800)), strand = 0.5 * fine + 0.5 * strands(uv * vec2(900, 330) + 7.0);
        float last = strands(uv * vec2(1500, 400) + 31.0);  // each strand turns at its own time
        vec3 turned = mix(beard, white, smoothstep(-0.2, 0.2, frost * 1.4 - 0.2 - last));
        albedo = mix(albedo, turned * (0.5 + strand), clamp(beard_here * (0.65 + 0.7 * strand), 0.0, 1.0));
    }
    float key = lit();
    vec3 wrap = vec3(0.34, 0.16, 0.10) * (1.0 - 0.9 * max(on_scalp, beard_here));
    vec3 deep = mix(vec3(ao), vec3(pow(ao, 0.7), ao, ao * ao * 0.3 + 0.7 * ao), 0.8 - 0.8 * on_scalp);
    vec3 c3 = albedo * (diffuse(n, key, wrap) * mix(deep, vec3(1.0), 0.2) + ambient(n) * deep);
    float g = shine * (1.0 - 0.8 * max(on_scalp, beard_here));
    c3 += ao * glint(n, key, vec3(14.0, 55.0, 90.0), vec3(0.55 * g, 0.35 * g, wet.x));
    c3 += ao * ambient(reflect(normalize(point - eye), n)) * 0.03 * g;
    out_colour = vec4(shown(c3), 1.0);
    out_mask = vec4(mask, 1.0);
    out_hair = vec4(on_scalp * painted, beard_here, 0.0, 1.0);
}
"""

# Eyes, teeth, tongue: a texture, wet.
WET = LIGHT + """
uniform sampler2D colours; uniform vec3 tint; uniform float ball; uniform float wetness; uniform float dim;
uniform vec4 centre;
void main() {
    vec4 t = texture(colours, uv);
    if (t.a < 0.5) discard;
    vec3 n = normalize(normal);
    float key = lit();
    float shade = extra.x * dim;
    if (ball > 0.0) shade *= mix(1.0, 0.42, smoothstep(0.02, 0.6, n.y)) * mix(0.55, 1.0, smoothstep(0.1, 0.75, n.z));
    vec3 c = light(t.rgb) * tint * (diffuse(n, key, vec3(0.15)) + ambient(n)) * shade;
    c += shade * wetness * glint(n, mix(1.0, key, 0.6), 350.0);
    c += shade * wetness * 0.02 * ambient(reflect(normalize(point - eye), n));
    out_colour = vec4(shown(c), 1.0);
    out_mask = vec4(0.0, 1.0, 0.0, 1.0);
    out_hair = vec4(0.0, 0.0, 0.0, 1.0);
}
"""

# Hair, brows, lashes: cards with alpha. `part` 1 draws what is solid (its depth is laid down before), 2 what is not,
# 3 everything as thin cover (brows and lashes, under which the skin goes on).
HAIR = LIGHT + """
uniform sampler2D colours; uniform vec3 colour; uniform float mean; uniform float grey; uniform vec3 white;
uniform int part; uniform vec3 centre; uniform vec4 mask; uniform vec3 kind;
uniform float round_; uniform float gloss; uniform float thin;
void main() {
    vec4 t = texture(colours, uv);
    t.a *= thin;
    if (part == 2 && (t.a >= 0.62 || t.a < 0.02)) discard;
    vec3 v = normalize(eye - point), n = normalize(normal);
    if (dot(n, v) < 0.0) n = -n;
    n = normalize(mix(n, normalize(point - centre), round_));
    float strand = dot(light(t.rgb), vec3(0.3, 0.6, 0.1)) / mean;
    float edge = 1.0 - grey * 1.15;                    // bright strands turn first
    float turned = smoothstep(edge - 0.25, edge + 0.25, 0.25 * clamp(strand, 0.0, 2.0) + 0.25);
    vec3 base = mix(colour, white, clamp(mix(grey, turned, 0.6), 0.0, 1.0));
    float key = lit();
    vec3 albedo = base * mix(clamp(pow(strand, 0.85), 0.15, 2.2), clamp(pow(strand, 0.5), 0.4, 1.5), grey);
    vec3 c = albedo * (diffuse(n, mix(0.25, 1.0, key), vec3(0.09)) + ambient(n) * extra.x);
    c += gloss * (0.3 + 0.7 * strand) * key * mix(base, vec3(1.0), 0.3) * glint(n, key, 18.0);
    float cover = part == 1 ? 1.0 : part == 2 ? t.a / 0.62 : t.a;
    out_colour = vec4(shown(c), cover);
    out_mask = vec4(mask.rgb, cover * mask.a);
    out_hair = vec4(kind, cover);
}
"""

# Cloth, glasses, things.
PLAIN = LIGHT + """
uniform vec3 colour; uniform vec4 mask; uniform float opacity; uniform float neckline;
uniform float gloss; uniform float weave;
void main() {
    if (extra.y > neckline) discard;
    vec3 v = normalize(eye - point), n = normalize(normal);
    if (dot(n, v) < 0.0) n = -n;
    float key = lit();
    float folds = sin(7.0 * point.x + 3.0 * sin(4.0 * point.y)) * sin(5.0 * point.y + 2.0 * point.x);
    float edge = 1.0 - weave * 0.4 * smoothstep(neckline - 0.05, neckline, extra.y);
    vec3 c = colour * (1.0 + weave * 0.25 * folds) * edge * (diffuse(n, key, vec3(0.005)) + ambient(n)) * extra.x;
    c += gloss * glint(n, key, 60.0);
    c += gloss * 0.06 * ambient(reflect(-v, n));
    out_colour = vec4(shown(c), opacity);
    out_mask = vec4(mask.rgb, mask.a);
    out_hair = vec4(0.0, 0.0, 0.0, mask.a);
}
"""
